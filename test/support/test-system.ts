import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import * as http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { GetObjectCommand, PutObjectCommand, type PutObjectCommandInput, S3Client } from '@aws-sdk/client-s3';
import { send } from '../../lib/client/api/http.ts';
import { type LocalSettings, localPublisher, localSettings, type RealStore } from '../../lib/local/local-settings.ts';
import { type LocalSystem, startSystem } from '../../lib/local/start-system.ts';
import { fixedKeys } from '../../lib/store/read/presign.ts';
import { nodeRequest } from '../../lib/store/read/request.ts';
import { s3ClientConfig } from '../../lib/store/write/open.ts';
import { type RawAnswer, type RawRequest, rawRequest } from './raw-request.ts';
import { type CommandRun, runCommand } from './run-command.ts';

export interface TestSystem extends LocalSystem {
  readonly bucket: string;
  readonly directory: string;
  /** What the functions wrote, line by line. */
  readonly written: readonly string[];
  /** What they logged beside metrics and a line for each request. */
  readonly logged: () => readonly {
    readonly level: string;
    readonly message: string;
    readonly [field: string]: unknown;
  }[];
  readonly ask: (path: string, request?: RawRequest) => Promise<RawAnswer>;
  /** Puts an object into the bucket by hand, as other tools do. */
  readonly lay: (key: string, body: string | Buffer | object, more?: Partial<PutObjectCommandInput>) => Promise<void>;
  readonly read: (key: string) => Promise<string>;
  /** A client of the bucket's server. */
  readonly s3: S3Client;
  /** Runs the command. */
  readonly channelctl: (...args: string[]) => Promise<CommandRun>;
  /** Runs the command with more in its environment. */
  readonly channelctlIn: (environment: Readonly<Record<string, string>>, ...args: string[]) => Promise<CommandRun>;
  /** Adds a channel with a name of its own, so that no test depends on another, and gives its name. */
  readonly newChannel: (...flags: string[]) => Promise<string>;
}

const noFile = (path: string): string => {
  throw new Error(`no setting names a file, but ${path} is read`);
};

/** `TEST_S3_ENDPOINT` with the `AWS_*` variables names a real S3 server to test against; the stand-in otherwise. */
const realStore = (): RealStore | undefined => {
  const { TEST_S3_ENDPOINT, ...environment } = process.env;
  return localSettings({ ...environment, S3_ENDPOINT: TEST_S3_ENDPOINT }, noFile).store;
};

export const againstRealStore = process.env.TEST_S3_ENDPOINT !== undefined;

export interface TestTime {
  /** The functions' clock. */
  readonly now?: () => number;
  /** How much shorter the command's pauses are. */
  readonly hurry?: number;
}

/** The whole system on free ports with a bucket of its own, and every refresh due at once unless said otherwise. */
export async function startTestSystem(
  overrides: Partial<LocalSettings> = {},
  { now = Date.now, hurry = 50 }: TestTime = {},
): Promise<TestSystem> {
  const directory = await mkdtemp(join(tmpdir(), 'nix-channel-test-'));
  const settings: LocalSettings = {
    ...localSettings({ DEMO: '0', CHANNEL_MAX_AGE_SECONDS: '0' }, noFile),
    port: 0,
    s3Port: 0,
    edgePort: 0,
    dataDir: join(directory, 'data'),
    bucket: `test-${randomUUID()}`,
    store: realStore(),
    publisher: localPublisher,
    ...overrides,
  };
  const written: string[] = [];
  const system = await startSystem({
    settings,
    requestTo: () => nodeRequest(http),
    findCredentials: () => Promise.reject(new Error('a test names its credentials')),
    now,
    write: (line) => written.push(line),
  });
  system.open();
  const { region, ...keys } = system.publisher;
  const store = settings.store ?? { region, credentials: keys };
  const { bucket } = settings;
  const s3Keys = fixedKeys(store.credentials ?? keys);
  const s3 = new S3Client(s3ClientConfig({ bucket, region: store.region, endpoint: system.endpoint, keys: s3Keys }));
  const channelctlIn: TestSystem['channelctlIn'] = (environment, ...args) =>
    runCommand(
      {
        environment: {
          PATH: process.env.PATH,
          HOME: directory,
          NIX_CONF_DIR: join(directory, 'etc'),
          CHANNELCTL_URL: system.origin,
          XDG_STATE_HOME: directory,
          TMPDIR: directory,
          ...environment,
        },
        credentials: () => async () => keys,
        send,
        sleep: (duration) => sleep(duration / hurry),
        now: Date.now,
        operation: randomUUID,
      },
      '--region',
      region,
      ...args,
    );
  const channelctl: TestSystem['channelctl'] = (...args) => channelctlIn({}, ...args);
  let channels = 0;
  return {
    ...system,
    bucket,
    directory,
    written,
    logged: () =>
      written.map((line) => JSON.parse(line)).filter((line) => line.message !== 'request' && !('_aws' in line)),
    s3,
    ask: (path, request) => rawRequest(system.origin, path, request),
    async lay(key, body, more = {}) {
      const Body = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
      await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body, ...more }));
    },
    async read(key) {
      const found = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
      return (await found.Body?.transformToString()) ?? '';
    },
    channelctl,
    channelctlIn,
    async newChannel(...flags) {
      channels += 1;
      const channel = `demo${channels}`;
      const { code, err } = await channelctl('add', channel, ...flags);
      if (code !== 0) throw new Error(`"${channel}" was not added: ${err}`);
      return channel;
    },
    async close() {
      s3.destroy();
      await system.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

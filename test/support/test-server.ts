import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { send } from '../../lib/client/api/http.ts';
import { startS3 } from '../../lib/local/s3/server.ts';
import { fixedKeys } from '../../lib/store/read/presign.ts';
import { s3ClientConfig } from '../../lib/store/write/open.ts';
import { freePort } from './free-port.ts';
import { launch, type Started } from './launch.ts';
import { type RawAnswer, type RawRequest, rawRequest } from './raw-request.ts';
import { type CommandRun, runCommand } from './run-command.ts';

export interface TestStore {
  readonly bucket: string;
  readonly endpoint: string;
  /** What a program needs to use the bucket. */
  readonly environment: Readonly<Record<string, string>>;
  /** A directory that ends with the store. */
  readonly directory: string;
  readonly lay: (key: string, body: string | Buffer | object) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** A bucket for programs of their own: at the server of `TEST_S3_ENDPOINT` with the `AWS_*` variables, or at the stand-in. */
export async function startTestStore(): Promise<TestStore> {
  const directory = mkdtempSync(join(tmpdir(), 'nix-channel-server-'));
  const { TEST_S3_ENDPOINT, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION } = process.env;
  const keys = {
    accessKeyId: (TEST_S3_ENDPOINT && AWS_ACCESS_KEY_ID) || 'key',
    secretAccessKey: (TEST_S3_ENDPOINT && AWS_SECRET_ACCESS_KEY) || 'secret',
  };
  const region = (TEST_S3_ENDPOINT && AWS_REGION) || 'us-east-1';
  const standIn =
    TEST_S3_ENDPOINT === undefined
      ? await startS3({
          dataDir: join(directory, 'bucket'),
          hosts: ['127.0.0.1', '::1'],
          port: 0,
          region,
          credentials: (id) => (id === keys.accessKeyId ? keys.secretAccessKey : undefined),
        })
      : undefined;
  const endpoint = TEST_S3_ENDPOINT ?? `http://localhost:${standIn?.port}`;
  const bucket = `test-${randomUUID()}`;
  const s3 = new S3Client(s3ClientConfig({ bucket, region, endpoint, keys: fixedKeys(keys) }));
  await s3.send(new CreateBucketCommand({ Bucket: bucket }));
  return {
    bucket,
    endpoint,
    directory,
    environment: {
      AWS_ACCESS_KEY_ID: keys.accessKeyId,
      AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
      AWS_REGION: region,
      AWS_ENDPOINT_URL: endpoint,
    },
    async lay(key, body) {
      const Body = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
      await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body }));
    },
    async close() {
      s3.destroy();
      await standIn?.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

interface ServerOptions {
  readonly flags?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Undefined: the port that is free. */
  readonly baseUrl?: string;
}

export interface TestServer {
  readonly origin: string;
  readonly metricsOrigin: string;
  readonly started: Started;
  readonly ask: (path: string, request?: RawRequest) => Promise<RawAnswer>;
}

/** The server as a process of its own with two workers, once it serves. */
export async function startTestServer(store: TestStore, options: ServerOptions = {}): Promise<TestServer> {
  const [port, metricsPort] = [await freePort(), await freePort()];
  const origin = `http://127.0.0.1:${port}`;
  const { flags = [], environment = {}, baseUrl = origin } = options;
  const args = ['--listen', `127.0.0.1:${port}`, '--metrics-listen', `127.0.0.1:${metricsPort}`, '--base-url', baseUrl];
  const started = launch(
    process.execPath,
    ['bin/server.ts', ...args, '--bucket', store.bucket, '--workers', '2', '--config-update-seconds', '0', ...flags],
    { ...store.environment, ...environment },
  );
  await started.until('"listening"');
  return {
    origin,
    metricsOrigin: `http://127.0.0.1:${metricsPort}`,
    started,
    ask: (path, request) => rawRequest(origin, path, request),
  };
}

/** Servers on the bucket of a test, which are ended together. */
export function testServers(store: () => TestStore) {
  const running: TestServer[] = [];
  return {
    async start(options: ServerOptions = {}): Promise<TestServer> {
      const server = await startTestServer(store(), options);
      running.push(server);
      return server;
    },
    end: (): Promise<unknown> => Promise.all(running.splice(0).map(({ started }) => started.end('SIGTERM'))),
  };
}

/** The flags with which channels are private, and tokens of this key are good. */
export function privateFlags({ directory }: TestStore, pem: string): readonly string[] {
  const path = join(directory, 'public.pem');
  writeFileSync(path, pem);
  return ['--jwt-pem', path];
}

export interface TestPublisher {
  readonly name: string;
  readonly channels?: readonly string[];
  readonly promotions?: readonly { readonly from: string; readonly to: string }[];
  readonly administrator?: boolean;
}

export const secretOf = (name: string): string => `secret-of-${name}-0123456789`;

/** Writes the publishers file and the secrets beside it, and gives its path. */
export function writePublishers(directory: string, publishers: readonly TestPublisher[]): string {
  const listed = publishers.map((publisher) => {
    writeFileSync(join(directory, `${publisher.name}.key`), `${secretOf(publisher.name)}\n`, { mode: 0o600 });
    return { ...publisher, accessKeyId: `KEY.${publisher.name}`, secretAccessKeyFile: `${publisher.name}.key` };
  });
  const path = join(directory, 'publishers.json');
  writeFileSync(path, JSON.stringify(listed), { mode: 0o600 });
  return path;
}

/** Runs the command with a publisher's keys. */
export const channelctlAs =
  (store: TestStore, { origin }: Pick<TestServer, 'origin'>, name: string) =>
  (...args: readonly string[]): Promise<CommandRun> =>
    runCommand(
      {
        environment: {
          PATH: process.env.PATH,
          HOME: store.directory,
          CHANNELCTL_URL: origin,
          XDG_STATE_HOME: store.directory,
          TMPDIR: store.directory,
        },
        credentials: () => async () => ({ accessKeyId: `KEY.${name}`, secretAccessKey: secretOf(name) }),
        send,
        sleep: (duration) => sleep(duration / 50),
        now: Date.now,
        operation: randomUUID,
      },
      '--region',
      'eu-central-1',
      ...args,
    );

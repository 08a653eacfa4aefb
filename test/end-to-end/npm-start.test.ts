import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { send } from '../../lib/client/api/http.ts';
import { freePort } from '../support/free-port.ts';
import { launch, npmRun, type Started } from '../support/launch.ts';
import { follow, rawRequest } from '../support/raw-request.ts';
import { type CommandRun, runCommand } from '../support/run-command.ts';
import { tarball } from '../support/tarball.ts';
import { basic, newKey, token } from '../support/tokens.ts';

let directory: string;
const running: Started[] = [];
let ports: { readonly PORT: string; readonly S3_PORT: string };

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'nix-channel-start-'));
  ports = { PORT: await freePort(), S3_PORT: await freePort() };
});
afterEach(async () => {
  // npm passes this on; killed, it would leave its child behind.
  await Promise.all(running.splice(0).map((started) => started.end('SIGTERM')));
  await rm(directory, { recursive: true, force: true });
});

type Environment = Readonly<Record<string, string>>;

/** Runs a program as its script of package.json does, without the time that npm itself takes. */
const nodeRun = (args: readonly string[], environment: Environment): Started =>
  launch(process.execPath, ['--require', './bin/node-version.cjs', ...args], environment);

const settings = (environment: Environment): Environment => ({
  ...ports,
  DATA_DIR: join(directory, 'data'),
  ...environment,
});
const track = (started: Started): Started => {
  running.push(started);
  return started;
};
const npmStart = (environment: Environment = {}): Started => track(npmRun(['start'], settings(environment)));
const start = (environment: Environment = {}): Started => track(nodeRun(['bin/local.ts'], settings(environment)));

const known = { AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local', AWS_REGION: 'us-east-1' };
const origin = (): string => `http://127.0.0.1:${ports.PORT}`;

const publisherSettings = (keys: Environment): Environment => ({
  CHANNELCTL_URL: origin(),
  XDG_STATE_HOME: directory,
  TMPDIR: directory,
  ...keys,
});

/** Runs the command as it is run in another shell, and gives its exit code and what it printed. */
async function channelctl(keys: Environment, ...args: readonly string[]) {
  const run = nodeRun(['bin/channelctl.ts', ...args], publisherSettings(keys));
  return { code: await run.ended, printed: run.printed() };
}

/** The same in this process, which is faster. */
const command = (...args: readonly string[]): Promise<CommandRun> =>
  runCommand(
    {
      environment: publisherSettings({ PATH: process.env.PATH ?? '' }),
      credentials: () => async () => ({ accessKeyId: 'local', secretAccessKey: 'local' }),
      send,
      sleep: (duration) => sleep(duration),
      now: Date.now,
      operation: randomUUID,
    },
    '--region',
    'us-east-1',
    ...args,
  );

async function release(name: string): Promise<string> {
  const path = join(directory, `${name}.tar.xz`);
  await writeFile(path, tarball(name));
  return path;
}

it('npm start comes up with the demo channel, says what to do next, ends at Ctrl-C, and keeps its data', async () => {
  const first = npmStart({
    AWS_PROFILE: 'mine',
    AWS_ACCESS_KEY_ID: 'of-the-shell',
    AWS_SECRET_ACCESS_KEY: 'of-the-shell',
  });
  await first.until('Ctrl-C ends it.');
  for (const line of [
    `nix flake metadata ${origin()}/channel/demo.tar.xz`,
    'unset AWS_PROFILE\n',
    `export CHANNELCTL_URL=${origin()}`,
    'export AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local AWS_REGION=us-east-1',
  ])
    expect(first.printed()).toContain(line);
  const channel = await rawRequest(origin(), '/channel/demo.tar.xz');
  expect(channel.headers.location).toBe(`${origin()}/permanent/demo-2025-05-15.tar.xz`);
  const { headers } = await rawRequest(origin(), '/permanent/demo-2025-05-15.tar.xz', { method: 'HEAD' });
  expect(headers.link).toMatch(/narHash=sha256-.*rel="immutable"$/);
  expect(headers.link).toBe(channel.headers.link);
  const presigned = await rawRequest(origin(), '/permanent/demo-2025-05-15.tar.xz');
  expect(new URL(presigned.headers.location as string).host).toBe(`localhost:${ports.S3_PORT}`);
  const list = npmRun(['run', '-s', 'channelctl', '--', 'list'], publisherSettings(known));
  expect(await list.ended).toBe(0);
  expect(list.printed()).toMatch(/^demo {2}demo-2025-05-15 {2}\d{4}-\d\d-\d\d\n$/);
  const asPublisher = npmRun(['run', '-s', 'channelctl', '--', 'list', '--as-publisher'], publisherSettings(known));
  expect([await asPublisher.ended, asPublisher.printed()]).toEqual([0, 'demo  .tar.xz  demo-2025-05-15\n']);
  expect(await first.end('SIGINT')).toBe(0);

  const second = npmStart();
  await second.until('Ctrl-C ends it.');
  expect(second.printed()).not.toContain('"published"');
  expect((await follow(`${origin()}/channel/demo.tar.xz`)).status).toBe(200);
  expect(await second.end('SIGTERM')).toBe(0);
});

it('npm start with DELIVERY=cloudfront says so, and downloads come from the stand-in for CloudFront', async () => {
  const port = await freePort();
  const started = start({ DELIVERY: 'cloudfront', EDGE_PORT: port });
  await started.until('Ctrl-C ends it.');
  expect(started.printed()).toContain(
    `Downloads come from a stand-in for CloudFront at http://localhost:${port}, by signed URLs.\n`,
  );
  const { location = '' } = (await rawRequest(origin(), '/permanent/demo-2025-05-15.tar.xz')).headers;
  expect(location).toMatch(
    new RegExp(`^http://localhost:${port}/demo-2025-05-15\\.tar\\.xz\\?Expires=\\d+&Signature=`),
  );
  expect(await follow(`${origin()}/channel/demo.tar.xz`)).toMatchObject({
    status: 200,
    headers: { 'x-cache': 'Miss from cloudfront' },
  });
  expect(await started.end('SIGINT')).toBe(0);
});

it('npm start starts again whatever was done to the demo channel, and leaves it as it is', async () => {
  const done: readonly (readonly [(file: string) => readonly string[], number, string])[] = [
    [(file) => ['publish', 'demo', file], 307, 'demo-2'],
    [() => ['rollback', 'demo'], 307, 'demo-2025-05-15'],
    [() => ['yank', 'demo', 'demo-2', '--reason', 'why'], 307, 'demo-2025-05-15'],
    [() => ['yank', 'demo', 'demo-2025-05-15', '--reason', 'why'], 404, ''],
    [() => ['remove', 'demo', '--yes'], 410, ''],
  ];
  const file = await release('demo-2');
  let started = start();
  await started.until('Ctrl-C ends it.');
  for (const [args, status, name] of done) {
    const { code, out, err } = await command(...args(file));
    expect([code, out + err]).toEqual([0, expect.not.stringContaining('channelctl: ')]);
    expect(await started.end('SIGINT')).toBe(0);
    started = start();
    await started.until('Ctrl-C ends it.');
    const answer = await rawRequest(origin(), '/channel/demo.tar.xz');
    expect([args(file)[0], answer.status]).toEqual([args(file)[0], status]);
    if (status === 307) expect(answer.headers.location).toBe(`${origin()}/permanent/${name}.tar.xz`);
    else expect(started.printed()).not.toContain('nix flake metadata');
  }
  expect(await started.end('SIGINT')).toBe(0);
});

it('npm start tells readers to try again until the demo channel is there, never that there is none', async () => {
  const seen = new Set<number | string>();
  const started = start();
  let isUp = false;
  const up = started.until('Ctrl-C ends it.').then(() => {
    isUp = true;
  });
  while (!isUp) {
    const asked = await rawRequest(origin(), '/channel/demo.tar.xz').catch(() => undefined);
    if (asked !== undefined) seen.add(asked.status);
    await sleep(5);
  }
  await up;
  seen.add((await rawRequest(origin(), '/channel/demo.tar.xz')).status);
  expect([...seen].filter((status) => status !== 503)).toEqual([307]);
  expect(await started.end('SIGINT')).toBe(0);
});

it('npm start serves at once what was published', async () => {
  const started = start();
  await started.until('Ctrl-C ends it.');
  const location = async () => (await rawRequest(origin(), '/channel/demo.tar.xz')).headers.location;
  expect(await location()).toContain('/demo-2025-05-15.tar.xz');
  expect((await channelctl(known, 'publish', 'demo', await release('demo-2'))).code).toBe(0);
  expect(await location()).toContain('/demo-2.tar.xz');
  expect(await started.end('SIGINT')).toBe(0);
});

it('npm start writes JSON with metrics into a pipe, and lines for people where LOG=text', async () => {
  const ask = () => rawRequest(origin(), '/channel/demo.tar.xz');
  const json = start();
  await json.until('Ctrl-C ends it.');
  await ask();
  await json.until('"route":"GET /channel/{channel}"');
  expect(await json.end('SIGINT')).toBe(0);
  const objects = json
    .printed()
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));
  expect(objects.filter(({ message }) => message === undefined).length).toBeGreaterThan(0);
  expect(objects.at(-1)).toMatchObject({ message: 'request', status: 307, release: 'demo-2025-05-15.tar.xz' });

  const text = start({ LOG: 'text' });
  await text.until('Ctrl-C ends it.');
  await ask();
  await text.until('GET /channel/demo.tar.xz');
  expect(await text.end('SIGINT')).toBe(0);
  expect(text.printed()).toMatch(/^\d\d:\d\d:\d\d 307 GET \/channel\/demo\.tar\.xz demo-2025-05-15\.tar\.xz$/m);
  expect(text.printed()).not.toContain('{');
});

it('npm start leaves a directory with other files as it is, and says so in one line', async () => {
  const data = join(directory, 'data');
  await mkdir(join(data, 'temporary'), { recursive: true });
  await writeFile(join(data, 'temporary', 'holiday.jpg'), 'mine');
  const started = start();
  expect(await started.ended).toBe(1);
  expect(started.printed()).toContain(
    `DATA_DIR must be a directory for this service only, but ${data} contains "temporary"`,
  );
  expect(started.printed()).not.toContain('    at ');
  expect(await readdir(data, { recursive: true })).toEqual(['temporary', 'temporary/holiday.jpg']);
});

it('npm start makes keys of its own for a real server, which only their owner may read, and puts no demo there', async () => {
  const store = start({ DEMO: '0' });
  await store.until('Ctrl-C ends it.');
  const [PORT, DATA_DIR] = [await freePort(), join(directory, 'keys')];
  const real = { ...known, S3_ENDPOINT: `http://localhost:${ports.S3_PORT}`, S3_BUCKET: 'real', DATA_DIR };
  ports = { ...ports, PORT };

  const first = start(real);
  await first.until('Ctrl-C ends it.');
  const made = /export AWS_ACCESS_KEY_ID=(LOCAL\w+) AWS_SECRET_ACCESS_KEY=([\w-]+) AWS_REGION=us-east-1\n/.exec(
    first.printed(),
  );
  const [, AWS_ACCESS_KEY_ID = '', AWS_SECRET_ACCESS_KEY = ''] = made ?? [];
  const own = { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION: 'us-east-1' };
  expect(JSON.parse(await readFile(join(DATA_DIR, 'publisher.json'), 'utf8'))).toMatchObject({
    secretAccessKey: AWS_SECRET_ACCESS_KEY,
  });
  expect((await stat(join(DATA_DIR, 'publisher.json'))).mode & 0o777).toBe(0o600);
  expect((await rawRequest(origin(), '/channel/demo.tar.xz')).status).toBe(404);
  const refused = await channelctl(known, 'add', 'images');
  expect(refused.code).not.toBe(0);
  expect(refused.printed).toContain('export the AWS_* variables that the service prints when it starts');
  expect(await channelctl(own, 'add', 'images')).toMatchObject({ code: 0 });
  expect(await first.end('SIGINT')).toBe(0);

  const second = start(real);
  await second.until('Ctrl-C ends it.');
  expect(second.printed()).toContain(AWS_SECRET_ACCESS_KEY);
  expect(await channelctl(own, 'list', '--as-publisher')).toEqual({
    code: 0,
    printed: expect.stringContaining('images'),
  });
  expect(await second.end('SIGINT')).toBe(0);

  const chosen = { PUBLISHER_ACCESS_KEY_ID: 'me', PUBLISHER_SECRET_ACCESS_KEY: 'sixteen-characters' };
  const third = start({ ...real, ...chosen, S3_BUCKET: 'another', DEMO: '1' });
  await third.until('Ctrl-C ends it.');
  expect(third.printed()).not.toContain('sixteen-characters');
  expect((await rawRequest(origin(), '/channel/demo.tar.xz')).status).toBe(307);
  const me = { AWS_ACCESS_KEY_ID: 'me', AWS_SECRET_ACCESS_KEY: 'sixteen-characters', AWS_REGION: 'us-east-1' };
  expect(await channelctl(me, 'list', '--as-publisher')).toMatchObject({ code: 0 });
  expect((await channelctl(own, 'list', '--as-publisher')).code).not.toBe(0);
  expect(await third.end('SIGINT')).toBe(0);
  expect(await store.end('SIGINT')).toBe(0);
});

it('npm start takes the keys of a real server from the profile that AWS_PROFILE names', async () => {
  const store = start();
  await store.until('Ctrl-C ends it.');
  const credentials = join(directory, 'credentials');
  await writeFile(credentials, '[bucket]\naws_access_key_id = local\naws_secret_access_key = local\n');
  const [PORT, DATA_DIR] = [await freePort(), join(directory, 'keys')];
  const S3_ENDPOINT = `http://localhost:${ports.S3_PORT}`;
  ports = { ...ports, PORT };
  const started = start({ S3_ENDPOINT, DATA_DIR, AWS_PROFILE: 'bucket', AWS_SHARED_CREDENTIALS_FILE: credentials });
  await started.until('Ctrl-C ends it.');
  expect((await rawRequest(origin(), '/channel/demo.tar.xz')).status).toBe(307);
  expect(await started.end('SIGINT')).toBe(0);
  expect(await store.end('SIGINT')).toBe(0);
});

it('npm start has no demo channel where DEMO=0', async () => {
  const started = start({ DEMO: '0' });
  await started.until('Ctrl-C ends it.');
  expect((await rawRequest(`http://127.0.0.1:${ports.PORT}`, '/channel/demo.tar.xz')).status).toBe(404);
  expect(await started.end('SIGINT')).toBe(0);
});

it('npm start requires tokens where it is given a key', async () => {
  const key = newKey('ES256');
  const pem = join(directory, 'key.pub');
  await writeFile(pem, key.pem);
  const started = start({ JWT_PUBLIC_KEY_FILES: pem });
  await started.until('Ctrl-C ends it.');
  const ask = async (headers: Readonly<Record<string, string>> = {}): Promise<number> =>
    (await rawRequest(`http://127.0.0.1:${ports.PORT}`, '/channel/demo.tar.xz', { headers })).status;
  const exp = Math.floor(Date.now() / 1_000) + 3_600;
  expect(await ask()).toBe(401);
  expect(await ask({ authorization: basic(token(newKey('ES256'), { exp })) })).toBe(401);
  expect(await ask({ authorization: basic(token(key, { exp })) })).toBe(307);
  expect(await started.end('SIGINT')).toBe(0);
});

it.each(['PORT', 'S3_PORT'] as const)('npm start says in one line that %s is in use', async (name) => {
  const server = createServer().listen(Number(ports[name]), '127.0.0.1');
  await once(server, 'listening');
  const started = start();
  expect(await started.ended).toBe(1);
  const lines = started
    .printed()
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('>') && !line.startsWith('npm '));
  expect(lines).toEqual([expect.stringContaining(`Port ${ports[name]} is in use`)]);
  server.close();
});

it.each([
  [{ PORT: 'eighty' }, 'PORT must be a whole number'],
  [{ JWT_PUBLIC_KEY_FILES: 'missing.pem' }, 'JWT_PUBLIC_KEY_FILES names "missing.pem", which cannot be read'],
  [{ JWT_PUBLIC_KEY_FILES: '' }, 'JWT_PUBLIC_KEY_FILES is empty'],
  [{ JWT_ISSUER: 'https://token.actions.githubusercontent.com' }, 'JWT_AUDIENCE must be set where JWT_ISSUER is'],
  [
    { S3_ENDPOINT: 'http://127.0.0.1:1', AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' },
    'Cannot access the bucket',
  ],
  [
    { S3_ENDPOINT: 'http://127.0.0.1:1', HOME: '/nonexistent', AWS_EC2_METADATA_DISABLED: 'true' },
    'S3_ENDPOINT is set, but no AWS credentials were found (Could not load credentials from any providers): set',
  ],
])('npm start says in one line what is wrong with %j', async (environment, words) => {
  const started = start(environment as unknown as Environment);
  expect(await started.ended).toBe(1);
  expect(started.printed()).toContain(words);
  expect(started.printed()).not.toContain('    at ');
});

import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { freePort } from '../support/free-port.ts';
import { npmRun, type Started } from '../support/launch.ts';
import { follow, rawRequest } from '../support/raw-request.ts';
import { basic, newKey, token } from '../support/tokens.ts';

let directory: string;
const running: Started[] = [];
let ports: { readonly PORT: string; readonly S3_PORT: string };

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'nix-channel-start-'));
  ports = { PORT: await freePort(), S3_PORT: await freePort() };
});
afterEach(async () => {
  for (const { child } of running.splice(0)) child.kill('SIGKILL');
  await rm(directory, { recursive: true, force: true });
});

const start = (environment: Readonly<Record<string, string>> = {}) => {
  const started = npmRun(['start'], { ...ports, DATA_DIR: join(directory, 'data'), ...environment });
  running.push(started);
  return started;
};

it('comes up with the demo channel, says what to do next, ends at Ctrl-C, and keeps its data', async () => {
  const first = start({
    AWS_PROFILE: 'mine',
    AWS_ACCESS_KEY_ID: 'of-the-shell',
    AWS_SECRET_ACCESS_KEY: 'of-the-shell',
  });
  await first.until('Ctrl-C ends it.');
  const origin = `http://127.0.0.1:${ports.PORT}`;
  for (const line of [
    `nix flake metadata ${origin}/channel/demo.tar.xz`,
    'unset AWS_PROFILE\n',
    `export CHANNELCTL_URL=${origin}`,
    'export AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local AWS_REGION=us-east-1',
  ])
    expect(first.printed()).toContain(line);
  const channel = await rawRequest(origin, '/channel/demo.tar.xz');
  expect(channel.headers.location).toBe(`${origin}/permanent/demo-2025-05-15.tar.xz`);
  const { headers } = await rawRequest(origin, '/permanent/demo-2025-05-15.tar.xz', { method: 'HEAD' });
  expect(headers.link).toMatch(/narHash=sha256-.*rel="immutable"$/);
  expect(headers.link).toBe(channel.headers.link);
  const presigned = await rawRequest(origin, '/permanent/demo-2025-05-15.tar.xz');
  expect(new URL(presigned.headers.location as string).host).toBe(`localhost:${ports.S3_PORT}`);

  const publisher = {
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_REGION: 'us-east-1',
    CHANNELCTL_URL: origin,
  };
  const list = npmRun(['run', '-s', 'channelctl', '--', 'list'], publisher);
  expect(await list.ended).toBe(0);
  expect(list.printed()).toBe('demo  .tar.xz  demo-2025-05-15\n');
  expect(await first.end('SIGINT')).toBe(0);

  const second = start();
  await second.until('Ctrl-C ends it.');
  expect(second.printed()).not.toContain('"published"');
  expect((await follow(`${origin}/channel/demo.tar.xz`)).status).toBe(200);
  expect(await second.end('SIGTERM')).toBe(0);
}, 60_000);

it('starts without a demo channel when told so', async () => {
  const started = start({ DEMO: '0' });
  await started.until('Ctrl-C ends it.');
  expect((await rawRequest(`http://127.0.0.1:${ports.PORT}`, '/channel/demo.tar.xz')).status).toBe(404);
  expect(await started.end('SIGINT')).toBe(0);
}, 60_000);

it('asks for tokens where it is given a key', async () => {
  const key = newKey('ES256');
  const pem = join(directory, 'key.pub');
  await writeFile(pem, key.pem);
  const started = start({ JWT_PUBLIC_KEY_FILES: pem });
  await started.until('Ctrl-C ends it.');
  const ask = async (headers: Readonly<Record<string, string>> = {}): Promise<number> =>
    (await rawRequest(`http://127.0.0.1:${ports.PORT}`, '/channel/demo.tar.xz', { headers })).status;
  const exp = Math.floor(Date.now() / 1_000) + 60;
  expect(await ask()).toBe(401);
  expect(await ask({ authorization: basic(token(newKey('ES256'), { exp })) })).toBe(401);
  expect(await ask({ authorization: basic(token(key, { exp })) })).toBe(307);
  expect(await started.end('SIGINT')).toBe(0);
}, 60_000);

it.each(['PORT', 'S3_PORT'] as const)(
  'says in one line that %s is taken',
  async (name) => {
    const server = createServer().listen(Number(ports[name]), '127.0.0.1');
    await once(server, 'listening');
    const started = start();
    expect(await started.ended).toBe(1);
    const lines = started
      .printed()
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('>') && !line.startsWith('npm '));
    expect(lines).toEqual([expect.stringContaining(`Port ${ports[name]} is taken`)]);
    server.close();
  },
  60_000,
);

it.each([
  [{ PORT: 'eighty' }, 'PORT must be a whole number'],
  [{ JWT_PUBLIC_KEY_FILES: 'missing.pem' }, 'JWT_PUBLIC_KEY_FILES names "missing.pem", which cannot be read'],
  [{ JWT_PUBLIC_KEY_FILES: '' }, 'JWT_PUBLIC_KEY_FILES is empty'],
  [{ JWT_ISSUER: 'https://token.actions.githubusercontent.com' }, 'JWT_AUDIENCE must be set where JWT_ISSUER is'],
  [
    { S3_ENDPOINT: 'http://127.0.0.1:1', AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' },
    'The bucket cannot be used',
  ],
])(
  'says in one line what is wrong with %j',
  async (environment, words) => {
    const started = start(environment as unknown as Record<string, string>);
    expect(await started.ended).toBe(1);
    expect(started.printed()).toContain(words);
    expect(started.printed()).not.toContain('    at ');
  },
  60_000,
);

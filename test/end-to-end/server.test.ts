import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, writeFileSync } from 'node:fs';
import * as http from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { freePort } from '../support/free-port.ts';
import { launch } from '../support/launch.ts';
import { follow, rawRequest } from '../support/raw-request.ts';
import { tarball } from '../support/tarball.ts';
import {
  channelctlAs,
  privateFlags,
  startTestStore,
  type TestStore,
  testServers,
  writePublishers,
} from '../support/test-server.ts';
import { basic, newKey, token } from '../support/tokens.ts';

let store: TestStore;
const { start, end } = testServers(() => store);

beforeAll(async () => {
  store = await startTestStore();
});
beforeEach(async () => {
  await store.lay('channels.json', { channels: ['plain'] });
  await store.lay('plain.json', { latest: 'plain-1' });
  await store.lay('plain-1.tar.xz', tarball('plain'));
});
afterEach(end, 30_000);
afterAll(() => store.close());

const release = (name: string): string => {
  const path = join(store.directory, `${name}.tar.xz`);
  writeFileSync(path, tarball(name));
  return path;
};

describe('the server in front of a bucket', () => {
  let publishers: string;
  beforeEach(() => {
    publishers = writePublishers(store.directory, [
      { name: 'admin', administrator: true },
      { name: 'ci', channels: ['one'], promotions: [{ from: 'one', to: 'two' }] },
    ]);
  });

  it('takes what channelctl publishes by the rights of its publishers, and a second server on the bucket serves it', async () => {
    const [first, second] = [await start({ flags: ['--publishers', publishers] }), await start()];
    const admin = channelctlAs(store, first, 'admin');
    const ci = channelctlAs(store, first, 'ci');
    for (const channel of ['one', 'two', 'three']) expect(await admin('add', channel)).toMatchObject({ code: 0 });
    expect(await ci('publish', 'one', release('one-1'))).toMatchObject({ code: 0, err: expect.anything() });
    // Each server has two workers, and requests go to them in turn.
    for (const server of [first, second])
      for (let request = 0; request < 4; request += 1)
        expect((await server.ask('/channel/one.tar.xz')).headers.location).toBe(
          `${server.origin}/permanent/one-1.tar.xz`,
        );
    expect((await follow(`${second.origin}/channel/one.tar.xz`)).body).toEqual(tarball('one-1'));

    expect(await ci('promote', 'one', 'two')).toMatchObject({ code: 0 });
    expect((await second.ask('/channel/two.tar.xz')).headers.location).toBe(`${second.origin}/permanent/one-1.tar.xz`);
    expect((await admin('history', 'one')).out).toContain('user/ci');

    const refused = await ci('publish', 'three', release('three-1'));
    expect(refused.code).not.toBe(0);
    expect(refused.err).toContain('ci may not send POST /publish/channels/three/uploads');
    expect((await ci('add', 'four')).err).toContain('ci may not send POST /publish/catalog');
    const stranger = await channelctlAs(store, first, 'stranger')('list');
    expect(stranger.err).toContain('These keys may not publish here');

    const closed = await channelctlAs(store, second, 'admin')('list');
    expect(closed.err).toContain('This server does not take publications: its operator can start it with --publishers');
    expect(await second.ask('/publish/catalog')).toMatchObject({
      status: 403,
      text: expect.stringContaining('--publishers FILE'),
    });
  }, 60_000);

  it('keeps channels private with --jwt-pem, and tells nobody their names', async () => {
    const key = newKey('RS256');
    const server = await start({
      flags: [...privateFlags(store, key.pem), '--publishers', publishers],
      environment: { METRIC_CHANNELS: 'hidden' },
    });
    const admin = channelctlAs(store, server, 'admin');
    expect(await admin('add', 'hidden')).toMatchObject({ code: 0 });
    expect(await admin('publish', 'hidden', release('hidden-1'))).toMatchObject({ code: 0 });
    const bearer = token(key, { sub: 'x', exp: Math.floor(Date.now() / 1_000) + 600 });
    const authorized = { headers: { authorization: basic(bearer) } };
    expect((await server.ask('/channel/hidden.tar.xz')).status).toBe(401);
    expect((await server.ask('/channel/hidden.tar.xz', authorized)).status).toBe(307);
    for (const path of ['/healthz', '/readyz', '/metrics', '/metrics/'])
      expect([path, (await server.ask(path)).text]).toEqual([path, expect.not.stringContaining('hidden')]);
    const { text } = await rawRequest(server.metricsOrigin, '/metrics');
    expect(text).toContain('nix_channels_channel_requests_total{tracked_channel="hidden"} 1');
    expect(text).toContain('nix_channels_authentication_failures_total{reason="no-token"} 1');
    expect((await rawRequest(server.metricsOrigin, '/channel/hidden.tar.xz', authorized)).status).toBe(404);
    // The lines of the log have what they count, without what is for CloudWatch only.
    const lines = server.started.printed().split('\n');
    const logged = lines
      .filter((line) => line.includes('"route":"GET /channel/{channel}"'))
      .map((line) => JSON.parse(line));
    expect(logged.map(({ status, channel, Requests }) => [status, channel, Requests])).toEqual([
      [401, undefined, 1],
      [307, 'hidden', 1],
    ]);
    expect(server.started.printed()).not.toContain('_aws');
  }, 60_000);

  it('takes neither the Host nor X-Forwarded headers for its own URLs', async () => {
    const server = await start({ baseUrl: 'https://channels.example.com/nix' });
    const headers = {
      host: 'evil.example',
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'http',
      forwarded: 'host=evil.example',
    };
    const answer = await server.ask('/channel/plain.tar.xz', { headers });
    expect(answer.headers.location).toBe('https://channels.example.com/nix/permanent/plain-1.tar.xz');
    expect(JSON.stringify(answer.headers)).not.toContain('evil');
    expect((await server.ask('/readyz')).status).toBe(200);
  }, 30_000);
});

/** What came of many requests, each on a connection of its own or all on a few. */
async function load(origin: string, agent: http.Agent | false, until: () => boolean) {
  const { hostname, port } = new URL(origin);
  const outcomes: Record<string, number> = {};
  const count = (what: string): void => {
    outcomes[what] = (outcomes[what] ?? 0) + 1;
  };
  const one = () =>
    new Promise<boolean>((resolve) => {
      const request = http.get({ hostname, port, path: '/channel/plain.tar.xz', agent }, (response) => {
        response.resume();
        response.on('end', () => {
          count(String(response.statusCode));
          resolve(true);
        });
        response.on('error', () => {
          count('cut off');
          resolve(false);
        });
      });
      request.on('error', (error: NodeJS.ErrnoException) => {
        // A connection that was refused carried no request. One that had been idle for long ends as HTTP has it.
        count(error.code === 'ECONNREFUSED' ? 'refused' : `${error.code}`);
        resolve(false);
      });
    });
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      while (!until() && (await one()));
    }),
  );
  return outcomes;
}

describe('the end of the server', () => {
  it('loses no request under load on connections that are kept', async () => {
    const { origin, started } = await start();
    const agent = new http.Agent({ keepAlive: true, maxSockets: 16 });
    const loading = load(origin, agent, () => false);
    await sleep(1_000);
    const begun = performance.now();
    const code = await started.end('SIGTERM');
    expect([code, performance.now() - begun < 10_000]).toEqual([0, true]);
    const { 307: answered = 0, refused = 0, ...lost } = await loading;
    expect(answered).toBeGreaterThan(16);
    expect(refused).toBe(16);
    expect(lost).toEqual({});
    agent.destroy();
  }, 60_000);

  it('is announced at /readyz for --drain-seconds, while requests are still answered', async () => {
    const { ask, started } = await start({ flags: ['--drain-seconds', '2'] });
    expect([(await ask('/readyz')).status, (await ask('/healthz')).text]).toEqual([200, 'ok\n']);
    const ended = started.end('SIGTERM');
    await started.until('"stopping"');
    await sleep(300);
    expect((await ask('/readyz')).status).toBe(503);
    expect((await ask('/healthz')).status).toBe(200);
    expect((await ask('/channel/plain.tar.xz')).status).toBe(307);
    expect(await ended).toBe(0);
  }, 30_000);

  it('does not wait for a client that never finishes', async () => {
    const { origin, started } = await start();
    const socket = (await import('node:net')).connect(Number(new URL(origin).port), '127.0.0.1');
    socket.on('error', () => {});
    await once(socket, 'connect');
    socket.write('GET /channel/plain.tar.xz HTTP/1.1\r\nHost: x\r\n');
    await sleep(200);
    const begun = performance.now();
    expect(await started.end('SIGTERM')).toBe(0);
    expect(performance.now() - begun).toBeLessThan(5_000);
  }, 30_000);
});

describe('a worker that ends', () => {
  it('is replaced, and the others serve in the meantime', async () => {
    const { ask, started } = await start();
    const pids = () =>
      new Promise<string[]>((resolve) => {
        const ps = spawn('ps', ['-o', 'pid=', '--ppid', String(started.child.pid)]);
        let text = '';
        ps.stdout.on('data', (chunk) => (text += chunk));
        ps.on('close', () => resolve(text.trim().split(/\s+/)));
      });
    const before = await pids();
    expect(before).toHaveLength(2);
    process.kill(Number(before[0]), 'SIGKILL');
    await started.until('"worker ended"');
    for (let request = 0; request < 4; request += 1) expect((await ask('/channel/plain.tar.xz')).status).toBe(307);
    for (let wait = 0; wait < 100 && (await pids()).length < 2; wait += 1) await sleep(100);
    expect(await pids()).toHaveLength(2);
  }, 30_000);
});

describe('a socket of systemd', () => {
  const descriptorOf = (socket: Server) => (socket as unknown as { _handle: { fd: number } })._handle.fd;
  const portOf = (socket: Server) => (socket.address() as AddressInfo).port;

  /** The server with sockets as systemd passes them; gives its first line. */
  async function startOn(sockets: readonly Server[]) {
    const script =
      'LISTEN_PID=$$ LISTEN_FDS=2 LISTEN_FDNAMES=web:metrics exec "$0" bin/server.ts --base-url http://127.0.0.1:1 --workers 2 --bucket "$1"';
    const child = spawn('/bin/sh', ['-c', script, process.execPath, store.bucket], {
      cwd: new URL('../..', import.meta.url),
      env: { PATH: process.env.PATH, ...store.environment },
      stdio: ['ignore', 'pipe', 'inherit', ...sockets.map(descriptorOf)],
    });
    let text = '';
    child.stdout?.on('data', (chunk) => (text += chunk));
    while (!text.includes('"listening"')) await once(child.stdout as NodeJS.ReadableStream, 'data');
    const line = JSON.parse(text.split('\n').find((one) => one.includes('"listening"')) as string);
    const end = async (): Promise<void> => {
      child.kill('SIGTERM');
      await once(child, 'close');
    };
    return { child, line, end };
  }

  /** Listening, but accepting nothing: the sockets as systemd holds them. */
  async function listening(): Promise<Server> {
    const socket = createServer();
    await once(socket.listen({ port: 0, host: '127.0.0.1', backlog: 511 }), 'listening');
    return socket;
  }

  it('is served as it was passed, with the metrics on the one that is named so', async () => {
    const sockets = [await listening(), await listening()];
    const ports = sockets.map(portOf);
    const { line, end } = await startOn(sockets);
    try {
      expect(line).toMatchObject({ addresses: [`127.0.0.1:${ports[0]}`], metrics: [`127.0.0.1:${ports[1]}`] });
      for (const socket of sockets) socket.close();
      expect((await rawRequest(`http://127.0.0.1:${ports[0]}`, '/readyz')).status).toBe(200);
      expect((await rawRequest(`http://127.0.0.1:${ports[1]}`, '/metrics')).status).toBe(200);
    } finally {
      await end();
    }
  }, 30_000);

  it('loses no request when one server on it ends and another goes on, with a connection for each request', async () => {
    const sockets = [await listening(), await listening()];
    const [first, second] = [await startOn(sockets), await startOn(sockets)];
    const port = portOf(sockets[0] as Server);
    for (const socket of sockets) socket.close();
    // It keeps the socket open, and accepts nothing until it goes on.
    second.child.kill('SIGSTOP');
    let isOver = false;
    const loading = load(`http://127.0.0.1:${port}`, false, () => isOver);
    try {
      await sleep(1_000);
      await first.end();
      second.child.kill('SIGCONT');
      await sleep(300);
      isOver = true;
      const { 307: answered = 0, ...lost } = await loading;
      expect(answered).toBeGreaterThan(16);
      expect(lost).toEqual({});
    } finally {
      isOver = true;
      second.child.kill('SIGCONT');
      await second.end();
    }
  }, 60_000);
});

describe('a start that fails', () => {
  const fail = async (flags: readonly string[], environment: Readonly<Record<string, string>> = {}) => {
    const args = ['bin/server.ts', '--base-url', 'http://127.0.0.1:1', '--workers', '1', ...flags];
    const started = launch(process.execPath, args, { ...store.environment, ...environment });
    const code = await started.ended;
    return { code, said: started.printed() };
  };
  const here = ['--listen', '127.0.0.1:0'];
  const bucket = () => ['--bucket', store.bucket];

  it('says in one line what to change', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const unused = await freePort();
    const open = join(store.directory, 'open.json');
    writeFileSync(open, '[]');
    chmodSync(open, 0o644);
    const cases: [readonly string[], Record<string, string>, RegExp][] = [
      [[...bucket(), '--listen', `127.0.0.1:${port}`], {}, /^The address 127\.0\.0\.1:\d+ is in use: end what listens/],
      [bucket(), {}, /^--listen is missing: give --listen/],
      [here, {}, /^--bucket is missing: give --bucket NAME/],
      [
        [...here, '--bucket', 'no-such-bucket'],
        {},
        /^There is no bucket "no-such-bucket" at http.*: create it, or correct/,
      ],
      [[...here, ...bucket()], { AWS_SECRET_ACCESS_KEY: 'x' }, /refuses the keys: correct AWS_ACCESS_KEY_ID/],
      [
        [...here, ...bucket()],
        { AWS_ENDPOINT_URL: `http://127.0.0.1:${unused}` },
        /^No store answers at .*ECONNREFUSED/,
      ],
      [
        [...here, ...bucket()],
        { AWS_ENDPOINT_URL: store.endpoint.replace('http:', 'https:') },
        /does not speak TLS: begin AWS_ENDPOINT_URL with http:/,
      ],
      [
        [...here, ...bucket(), '--base-url', 'https://a.example'],
        { AWS_ENDPOINT_URL: 'http://s3.example' },
        /^AWS_ENDPOINT_URL begins with http:\/\/ but --base-url with https:/,
      ],
      [[...here, ...bucket(), '--publishers', open], {}, /^--publishers .*open\.json has the mode 0644.*chmod 600/],
      [
        [...here, ...bucket(), '--jwt-pem', '/nowhere.pem'],
        {},
        /^--jwt-pem names "\/nowhere\.pem", which cannot be read/,
      ],
      [[...here, ...bucket()], { JWT_PUBLIC_KEYS: 'x' }, /^JWT_PUBLIC_KEYS is not a setting/],
    ];
    for (const [flags, environment, expected] of cases) {
      const { code, said } = await fail(flags, environment);
      expect([code, said.trimEnd().split('\n')]).toEqual([1, [expect.stringMatching(expected)]]);
    }
    taken.close();
  }, 90_000);
});

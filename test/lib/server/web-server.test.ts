import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createWebServer, type WebServer } from '../../../lib/server/web-server.ts';

describe('the web server of a worker', () => {
  let acceptor: Server;
  let server: WebServer;
  let isReady: boolean;
  /** Answers the requests that wait. */
  let answer: (() => void)[];

  beforeEach(async () => {
    isReady = true;
    answer = [];
    server = createWebServer({
      listener: (_, outgoing) => answer.push(() => outgoing.end('answered')),
      isReady: async () => isReady,
      maxConnections: 2,
      lingerMs: 100,
      headersTimeoutMs: 300,
    });
    acceptor = createServer({ pauseOnConnect: true }, (socket) => server.take(socket)).listen(0, '127.0.0.1');
    await once(acceptor, 'listening');
  });
  afterEach(async () => {
    acceptor.close();
    for (const one of answer) one();
    await server.stop();
  });

  async function open(first = ''): Promise<Socket> {
    const socket = connect((acceptor.address() as AddressInfo).port, '127.0.0.1');
    socket.on('error', () => {});
    await once(socket, 'connect');
    socket.write(first);
    return socket;
  }
  const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
  const heard = async (socket: Socket): Promise<string> => String((await once(socket, 'data'))[0]);
  const waiting = async (count: number): Promise<void> => {
    while (answer.length < count) await sleep(5);
  };

  it('is alive whatever the store does, and ready where the store answers', async () => {
    const socket = await open(get('/healthz'));
    expect(await heard(socket)).toMatch(/^HTTP\/1\.1 200 OK/);
    socket.write(get('/readyz'));
    expect(await heard(socket)).toMatch(/^HTTP\/1\.1 200 OK/);
    isReady = false;
    socket.write(get('/readyz'));
    expect(await heard(socket)).toMatch(/^HTTP\/1\.1 503 [\s\S]*the store does not answer/);
    socket.write(get('/healthz'));
    expect(await heard(socket)).toMatch(/^HTTP\/1\.1 200 OK/);
    isReady = true;
    server.drain();
    socket.write(get('/readyz'));
    expect(await heard(socket)).toMatch(/^HTTP\/1\.1 503 [\s\S]*stopping/);
    socket.destroy();
  });

  it('answers what has begun before it ends, and tells the client that the connection ends', async () => {
    const socket = await open(get('/channel/x'));
    await waiting(1);
    let isStopped = false;
    const stopped = server.stop().then(() => {
      isStopped = true;
    });
    await sleep(300);
    expect(isStopped).toBe(false);
    answer[0]?.();
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 200 OK[\s\S]*connection: close[\s\S]*answered/i);
    await stopped;
  });

  it('answers a request that comes on a kept connection while it ends', async () => {
    const socket = await open(get('/healthz'));
    await heard(socket);
    const stopped = server.stop();
    socket.write(get('/channel/x'));
    await waiting(1);
    answer[0]?.();
    expect(await text(socket)).toMatch(/connection: close[\s\S]*answered/i);
    await stopped;
  });

  it('closes a connection that is idle when it ends, and one whose request never arrives', async () => {
    const [idle, torn] = [await open(get('/healthz')), await open('GET / HTTP/1.1\r\nHo')];
    await heard(idle);
    const begun = performance.now();
    const ends = [once(idle, 'close'), once(torn, 'close')];
    idle.resume();
    torn.resume();
    await server.stop();
    await Promise.all(ends);
    expect(performance.now() - begun).toBeLessThan(2_000);
  });

  it('gives headers only so long to arrive', async () => {
    const socket = await open('GET / HTTP/1.1\r\nHost: x\r\n');
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 408 Request Timeout/);
  });

  it('refuses headers over 16 KB', async () => {
    const socket = await open(`GET / HTTP/1.1\r\nHost: x\r\nA: ${'a'.repeat(17_000)}\r\n\r\n`);
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 431 /);
  });

  it('tells a client beyond the number of connections to try again', async () => {
    const kept = [await open(get('/channel/x')), await open(get('/channel/x'))];
    await waiting(2);
    expect(await text(await open())).toMatch(/^HTTP\/1\.1 503 [\s\S]*Retry-After: 1\r\n[\s\S]*try again\.$/);
    for (const one of kept) one.destroy();
  });
});

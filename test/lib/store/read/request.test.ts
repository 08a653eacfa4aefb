import * as http from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { nodeRequest } from '../../../../lib/store/read/request.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A server on a free port that counts its connections and requests. */
async function serverOf(answer: (count: number, response: http.ServerResponse, socket: Socket) => void) {
  const seen = { requests: 0, connections: 0 };
  const server = http.createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    seen.requests += 1;
    request.resume();
    answer(seen.requests, response, request.socket);
  });
  server.on('connection', () => {
    seen.connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { seen, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` };
}

const get = (url: string, timeoutMs = 5_000) => ({ method: 'GET', url, timeoutMs }) as const;

describe('a request to the bucket', () => {
  it('gives status, headers and body', async () => {
    const { url } = await serverOf((_, response) => response.writeHead(404, { ETag: '"e"' }).end('né'));
    const answer = await nodeRequest(http)(get(url));
    expect(answer).toMatchObject({ status: 404, headers: { etag: '"e"' }, body: 'né' });
  });

  it('sends its method and headers', async () => {
    let sent: http.IncomingMessage | undefined;
    const { url } = await serverOf((_, response) => {
      sent = response.req;
      response.end();
    });
    await nodeRequest(http)({ ...get(url), method: 'HEAD', headers: { 'if-none-match': '"e"' } });
    expect(sent).toMatchObject({ method: 'HEAD', headers: { 'if-none-match': '"e"' } });
  });

  it('sends a body where there is one', async () => {
    let body = '';
    const { url } = await serverOf((_, response) => {
      response.req.on('data', (chunk) => (body += chunk)).on('end', () => response.end());
    });
    await nodeRequest(http)({ ...get(url), method: 'POST', body: '{"é":1}' });
    expect(body).toBe('{"é":1}');
  });

  it('goes over a connection that was kept', async () => {
    const { url, seen } = await serverOf((_, response) => response.end('ok'));
    const request = nodeRequest(http);
    await request(get(url));
    await request(get(url));
    expect(seen).toEqual({ requests: 2, connections: 1 });
  });

  it('is sent once more, on a new connection, when the kept one turns out to be closed', async () => {
    const { url, seen } = await serverOf((count, response, socket) =>
      count === 2 ? socket.destroy() : response.end('ok'),
    );
    const request = nodeRequest(http);
    await request(get(url));
    expect(await request(get(url))).toMatchObject({ status: 200, body: 'ok' });
    expect(seen).toEqual({ requests: 3, connections: 2 });
  });

  it('is not sent a third time', async () => {
    const { url, seen } = await serverOf((count, response, socket) =>
      count > 1 ? socket.destroy() : response.end('ok'),
    );
    const request = nodeRequest(http);
    await request(get(url));
    await expect(request(get(url))).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(seen.requests).toBe(3);
  });

  it('is not sent again when a new connection breaks', async () => {
    const { url, seen } = await serverOf((_, __, socket) => socket.destroy());
    await expect(nodeRequest(http)(get(url))).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(seen.requests).toBe(1);
  });

  it('is not sent again once an answer began', async () => {
    const { url, seen } = await serverOf((count, response, socket) => {
      if (count === 1) response.end('ok');
      else response.writeHead(200, { 'content-length': '100' }).write('half', () => socket.destroy());
    });
    const request = nodeRequest(http);
    await request(get(url));
    await expect(request(get(url))).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(seen.requests).toBe(2);
  });

  it.each([
    ['before an answer', () => {}],
    ['within an answer', (_: number, response: http.ServerResponse) => void response.writeHead(200).write('half')],
  ])('ends at its deadline %s', async (_, answer) => {
    const { url, seen } = await serverOf(answer);
    const begun = performance.now();
    await expect(nodeRequest(http)(get(url, 1_000))).rejects.toMatchObject({
      name: expect.stringMatching(/Abort|Timeout/),
    });
    expect(performance.now() - begun).toBeLessThan(30_000);
    expect(seen.requests).toBe(1);
  });

  it('has one deadline for both of its attempts', async () => {
    const { url, seen } = await serverOf((count, response, socket) => {
      if (count === 1) response.end('ok');
      else if (count === 2) socket.destroy();
    });
    const signals: unknown[] = [];
    const watched = (target: URL | string, options: http.RequestOptions) => {
      signals.push(options.signal);
      return http.request(target, options);
    };
    const request = nodeRequest({ Agent: http.Agent, request: watched as typeof http.request });
    await request(get(url));
    await expect(request(get(url, 1_000))).rejects.toMatchObject({ name: expect.stringMatching(/Abort|Timeout/) });
    expect(seen.requests).toBe(3);
    expect(signals[2]).toBe(signals[1]);
    expect(signals[1]).not.toBe(signals[0]);
  });

  it('does not take in an answer over 16 MiB', async () => {
    const { url } = await serverOf((_, response) => response.end(Buffer.alloc(16 * 1024 * 1024 + 1)));
    await expect(nodeRequest(http)(get(url))).rejects.toMatchObject({ message: expect.stringContaining('over') });
  });

  it('fails where nobody listens', async () => {
    const { url } = await serverOf((_, response) => response.end());
    await closing.pop()?.();
    await expect(nodeRequest(http)(get(url))).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});

import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { afterEach, describe, expect, it } from '@jest/globals';
import { send } from '../../../../lib/client/api/http.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function serverOf(handler: http.RequestListener): Promise<URL> {
  const server = http.createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/a?b=c`);
}

const echo: http.RequestListener = async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  response.writeHead(201).end(`${request.method} ${request.url} ${request.headers['x-a']} ${Buffer.concat(chunks)}`);
};

describe('an exchange', () => {
  it.each([
    ['nothing', undefined, ''],
    ['a buffer', Buffer.from('body'), 'body'],
    ['a stream', Readable.from([Buffer.from('bo'), Buffer.from('dy')]), 'body'],
  ])('sends %s and gives the whole answer', async (_, body, text) => {
    const url = await serverOf(echo);
    const exchange = {
      method: 'PUT',
      url,
      headers: { 'x-a': '1' },
      idleTimeoutMs: 5_000,
      ...(body === undefined ? {} : { body }),
    };
    expect(await send(exchange)).toMatchObject({ status: 201, body: `PUT /a?b=c 1 ${text}` });
  });

  it('gives the headers, and no more of the body than is asked for', async () => {
    const url = await serverOf((_, response) => {
      // The rest never comes.
      response.writeHead(200, { 'content-length': '100000', link: '<a>' }).write('x'.repeat(2_000));
    });
    const { body, headers } = await send({
      method: 'GET',
      url,
      headers: {},
      idleTimeoutMs: 5_000,
      maxBodyBytes: 1_000,
    });
    expect([body.length, headers?.link]).toEqual([1_000, '<a>']);
  });

  it('hands the body of a 200 on instead of keeping it, and keeps that of any other answer', async () => {
    const url = await serverOf((request, response) => {
      response.writeHead(request.url === '/good' ? 200 : 403).end('body');
    });
    const ask = async (path: string) => {
      const handed: Buffer[] = [];
      const onBody = (chunk: Buffer) => void handed.push(chunk);
      const exchange = { method: 'GET', url: new URL(path, url), headers: {}, idleTimeoutMs: 5_000, onBody };
      const { status, body } = await send(exchange);
      return [status, body, Buffer.concat(handed).toString()];
    };
    expect(await ask('/good')).toEqual([200, '', 'body']);
    expect(await ask('/bad')).toEqual([403, 'body', '']);
  });

  it('fails when nothing comes or goes for too long', async () => {
    const url = await serverOf(() => {});
    await expect(send({ method: 'GET', url, headers: {}, idleTimeoutMs: 30 })).rejects.toMatchObject({
      message: 'no data was sent or received for 0.03 s',
    });
  });

  it('fails when the answer breaks off', async () => {
    const url = await serverOf((request, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('half', () => request.socket.destroy());
    });
    await expect(send({ method: 'GET', url, headers: {}, idleTimeoutMs: 5_000 })).rejects.toMatchObject({
      code: 'ECONNRESET',
    });
  });

  it('fails with its body, and lets it go', async () => {
    const url = await serverOf(echo);
    const body = new Readable({
      read() {
        this.destroy(new Error('no such file'));
      },
    });
    await expect(
      send({ method: 'PUT', url, headers: { 'content-length': '4' }, body, idleTimeoutMs: 5_000 }),
    ).rejects.toMatchObject({
      message: 'no such file',
    });
  });

  it('ends when it is told to, and lets its body go', async () => {
    const url = await serverOf(() => {});
    const body = new Readable({ read() {} });
    const controller = new AbortController();
    const ended = send({ method: 'PUT', url, headers: {}, body, idleTimeoutMs: 5_000, signal: controller.signal });
    controller.abort();
    await expect(ended).rejects.toMatchObject({ name: 'AbortError' });
    expect(body.destroyed).toBe(true);
  });
});

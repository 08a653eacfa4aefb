import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { SignatureV4 } from '@smithy/signature-v4';
import type { APIGatewayProxyEventV2, Context } from 'aws-lambda';
import { routeKey, routes } from '../../../../lib/api/routes.ts';
import {
  type Gateway,
  type LambdaHandler,
  oneAtATime,
  startGateway,
} from '../../../../lib/local/gateway/start-gateway.ts';
import { Sha256 } from '../../../../lib/store/read/presign.ts';
import { type RawRequest, rawRequest } from '../../../support/raw-request.ts';

describe('the local gateway', () => {
  const publisher = { accessKeyId: 'local', secretAccessKey: 'secret', region: 'us-east-1' };
  let gateway: Gateway;
  let events: { readonly target: string; readonly event: APIGatewayProxyEventV2 }[];
  let answer: LambdaHandler;
  let clock: number;

  const record =
    (target: string): LambdaHandler =>
    (event, context) => {
      events.push({ target, event });
      return answer(event, context);
    };

  beforeAll(async () => {
    gateway = await startGateway({
      port: 0,
      publisher,
      now: () => clock,
      handlers: () => ({ serve: record('serve'), publish: record('publish') }),
    });
    gateway.open();
  });
  beforeEach(() => {
    events = [];
    clock = Date.now();
    answer = async () => ({ statusCode: 200, headers: { 'x-own': 'yes' }, body: 'answered' });
  });
  afterAll(() => gateway.close());

  const ask = (path: string, request?: RawRequest) => rawRequest(gateway.origin, path, request);

  interface Signing {
    readonly body?: string | undefined;
    readonly keys?: typeof publisher;
    readonly headers?: Readonly<Record<string, string>>;
    readonly at?: string;
  }

  const signerOf = (keys: typeof publisher, { applyChecksum = true } = {}) =>
    new SignatureV4({ service: 'execute-api', region: keys.region, credentials: keys, sha256: Sha256, applyChecksum });

  async function signed(method: string, path: string, { body, keys = publisher, headers, at }: Signing = {}) {
    const url = new URL((at ?? gateway.origin) + path);
    const { headers: all } = await signerOf(keys).sign({
      method,
      protocol: url.protocol,
      hostname: url.hostname,
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      headers: { host: url.host, 'content-type': 'application/json', ...headers },
      body,
    });
    return { method, headers: all, ...(body === undefined ? {} : { body }) };
  }

  const askSigned = async (method: string, path: string, body?: string, keys = publisher) =>
    ask(path, await signed(method, path, { body, keys }));

  describe('routes', () => {
    it.each(
      routes.filter(({ authorization }) => authorization === 'none').map((route) => [routeKey(route), route] as const),
    )('sends %s to its function', async (key, { method, path, target }) => {
      expect((await ask(path.replaceAll(/\{(\w+)\}/g, 'x'), { method })).status).toBe(200);
      expect(events).toMatchObject([{ target, event: { routeKey: key } }]);
    });

    it.each(
      routes.filter(({ authorization }) => authorization === 'iam').map((route) => [routeKey(route), route] as const),
    )('refuses an unsigned request to %s', async (key, { method, path }) => {
      const concrete = path.replaceAll(/\{(\w+)\}/g, 'x');
      expect(await ask(concrete, { method })).toMatchObject({ status: 403, text: '{"message":"Forbidden"}' });
      expect(events).toEqual([]);
      expect((await askSigned(method, concrete)).status).toBe(200);
      expect(events).toMatchObject([{ target: 'publish', event: { routeKey: key } }]);
    });

    it.each([
      ['GET', '/index.html'],
      ['POST', '/channel/x'],
      ['HEAD', '/publish/catalog'],
      ['GET', '/permanent'],
      ['GET', '/permanent/'],
      ['GET', '/permanent/a/b'],
      ['GET', '/channel/a/b/c'],
      ['GET', '/Channel/a'],
    ])('has no route for %s %s', async (method, path) => {
      expect((await ask(path, { method })).status).toBe(404);
      expect(events).toEqual([]);
    });

    it('answers 400 to an invalid percent-encoding', async () => {
      expect((await ask('/permanent/%E0%A4%A')).status).toBe(400);
    });
  });

  describe('the event of the local gateway', () => {
    it('has payload format 2.0: path decoded, header names in lower case, values joined, query parsed', async () => {
      await ask('/permanent/a%2Fb%20c+d?x=1&x=2&y=%C3%BC', {
        headers: { 'X-Two': 'a', Cookie: 'k=v; l=w', 'If-None-Match': '"e"' },
      });
      const [{ event } = { event: undefined }] = events;
      expect(event).toMatchObject({
        version: '2.0',
        routeKey: 'GET /permanent/{release}',
        rawPath: '/permanent/a/b c+d',
        rawQueryString: 'x=1&x=2&y=%C3%BC',
        queryStringParameters: { x: '1,2', y: 'ü' },
        pathParameters: { release: 'a/b c+d' },
        cookies: ['k=v', 'l=w'],
        headers: { 'x-two': 'a', 'if-none-match': '"e"' },
        isBase64Encoded: false,
        requestContext: {
          http: { method: 'GET', path: '/permanent/a/b c+d', sourceIp: '127.0.0.1' },
          stage: '$default',
        },
      });
      expect(event?.headers.cookie).toBeUndefined();
      expect(event?.body).toBeUndefined();
    });

    it('has the caller who signed the request', async () => {
      await askSigned('POST', '/publish/catalog', '{"a":1}');
      expect(events[0]?.event).toMatchObject({
        body: '{"a":1}',
        requestContext: {
          authorizer: { iam: { accessKey: 'local', userArn: 'arn:aws:iam::000000000000:user/local' } },
        },
      });
    });
  });

  describe('authorization', () => {
    it.each([
      ['another secret', { ...publisher, secretAccessKey: 'other' }],
      ['an unknown key', { ...publisher, accessKeyId: 'other' }],
      ['another region', { ...publisher, region: 'eu-west-1' }],
    ])('refuses a request signed with %s', async (_, keys) => {
      expect((await askSigned('GET', '/publish/catalog', undefined, keys)).status).toBe(403);
    });

    it('refuses a signature that is older than 15 minutes', async () => {
      clock += 16 * 60_000;
      expect((await askSigned('GET', '/publish/catalog')).status).toBe(403);
    });

    it('refuses a body that was changed after signing', async () => {
      const request = await signed('POST', '/publish/catalog', { body: '{"a":1}' });
      expect((await ask('/publish/catalog', { ...request, body: '{"a":2}' })).status).toBe(403);
    });
  });

  describe('limits and faults', () => {
    it('accepts a path of 9 KB, and refuses a head of more than 10 KB', async () => {
      expect((await ask(`/permanent/${'a'.repeat(9_000)}`)).status).toBe(200);
      expect((await ask('/permanent/a', { headers: { 'x-long': 'a'.repeat(10_300) } })).status).toBe(431);
    });

    it('refuses a body over 10 MB', async () => {
      expect((await askSigned('POST', '/publish/catalog', 'a'.repeat(10 * 1024 * 1024 + 1))).status).toBe(413);
    });

    it('answers 500 if the function throws, without the message of the error', async () => {
      answer = async () => {
        throw new Error('a secret');
      };
      expect(await ask('/channel/x')).toMatchObject({ status: 500, text: '{"message":"Internal Server Error"}' });
    });

    it('answers HEAD without a body', async () => {
      expect(await ask('/channel/x', { method: 'HEAD' })).toMatchObject({
        status: 200,
        text: '',
        headers: { 'x-own': 'yes' },
      });
    });
  });

  /** Sends text as it is, returns the answer, and leaves the connection open. */
  async function converse(origin: string, text: string): Promise<{ readonly answer: string; readonly socket: Socket }> {
    const socket = connect(Number(new URL(origin).port), '127.0.0.1');
    socket.write(text);
    const [answer] = (await once(socket, 'data')) as [Buffer];
    return { answer: answer.toString(), socket };
  }

  const headOf = (path: string, { method, headers }: { method: string; headers: Record<string, string> }): string =>
    [`${method} ${path} HTTP/1.1`, ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`), '', ''].join(
      '\r\n',
    );

  describe('a body', () => {
    it('answers an unsigned request before its body arrives, and closes the connection', async () => {
      const head = 'POST /publish/catalog HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n';
      const { answer: said, socket } = await converse(gateway.origin, head);
      expect(said).toMatch(/^HTTP\/1\.1 403 /);
      const sending = setInterval(() => socket.write('x'), 20);
      // Either closed or reset.
      await new Promise((resolve) => socket.on('error', () => {}).once('close', resolve));
      clearInterval(sending);
    });

    it('refuses a wrong signature before the body arrives if its hash is declared', async () => {
      const { headers } = await signed('POST', '/publish/catalog', {
        body: '{"a":1}',
        keys: { ...publisher, secretAccessKey: 'other' },
      });
      const head = headOf('/publish/catalog', { method: 'POST', headers: { ...headers, 'content-length': '7' } });
      const { answer: said, socket } = await converse(gateway.origin, head);
      expect(said).toMatch(/^HTTP\/1\.1 403 /);
      socket.destroy();
    });

    it('refuses a body over 10 MB by its declared length, or as soon as it exceeds the limit', async () => {
      const { headers } = await signed('POST', '/publish/catalog', { body: '{}' });
      const declared = { ...headers, 'content-length': String(10 * 1024 * 1024 + 1) };
      const first = await converse(gateway.origin, headOf('/publish/catalog', { method: 'POST', headers: declared }));
      expect(first.answer).toMatch(/^HTTP\/1\.1 413 /);
      first.socket.destroy();
      const chunk = `100000\r\n${'a'.repeat(0x100000)}\r\n`;
      const chunked = headOf('/publish/catalog', {
        method: 'POST',
        headers: { ...headers, 'transfer-encoding': 'chunked' },
      });
      const second = await converse(gateway.origin, chunked + chunk.repeat(11));
      expect(second.answer).toMatch(/^HTTP\/1\.1 413 /);
      second.socket.destroy();
    });

    it('verifies the body of a signer that does not declare its hash', async () => {
      const { headers } = await signed('POST', '/publish/catalog', { body: '{}' });
      const amzDate = headers['x-amz-date'] as string;
      const { host } = new URL(gateway.origin);
      const request = {
        method: 'POST',
        protocol: 'http:',
        hostname: '127.0.0.1',
        path: '/publish/catalog',
        headers: { host, 'content-type': 'application/json', 'x-amz-date': amzDate },
        body: '{}',
      };
      const { headers: without } = await signerOf(publisher, { applyChecksum: false }).sign(request);
      expect(without['x-amz-content-sha256']).toBeUndefined();
      const sent = { method: 'POST', headers: without };
      expect((await ask('/publish/catalog', { ...sent, body: '{}' })).status).toBe(200);
      expect((await ask('/publish/catalog', { ...sent, body: '[]' })).status).toBe(403);
    });

    it.each([
      ['text/plain', 415],
      ['application/x-www-form-urlencoded', 415],
      ['text/plain; a=application/json', 415],
      ['application/jsonp', 415],
      ['application/json; charset=utf-8', 200],
      ['Application/JSON', 200],
    ])('answers a body of the type %s with %d', async (type, status) => {
      const request = await signed('POST', '/publish/catalog', { body: '{}', headers: { 'content-type': type } });
      const { status: said, text, headers } = await ask('/publish/catalog', request);
      expect(said).toBe(status);
      if (status === 200) return;
      expect(headers['content-type']).toBe('application/problem+json');
      expect(JSON.parse(text)).toMatchObject({ status, detail: expect.stringContaining('Content-Type') });
    });
  });

  describe('a signature in the query', () => {
    it('refuses a signature in the query', async () => {
      const url = new URL(`${gateway.origin}/publish/catalog`);
      const { query = {} } = await signerOf(publisher).presign(
        {
          method: 'POST',
          protocol: 'http:',
          hostname: url.hostname,
          path: url.pathname,
          headers: { host: url.host },
          body: '{}',
        },
        { expiresIn: 60 },
      );
      const path = `/publish/catalog?${new URLSearchParams(query as Record<string, string>)}`;
      const headers = { 'content-type': 'application/json' };
      const refused = await ask(path, { method: 'POST', headers, body: '{}' });
      expect([refused.status, JSON.parse(refused.text).detail]).toEqual([403, expect.stringContaining('channelctl')]);
      expect(events).toEqual([]);
    });
  });

  describe('the local gateway with public keys', () => {
    let open: Gateway;
    beforeAll(async () => {
      open = await startGateway({
        port: 0,
        publisher,
        onlyDirect: true,
        now: () => clock,
        handlers: () => ({ serve: record('serve'), publish: record('publish') }),
      });
      open.open();
    });
    afterAll(() => open.close());

    const post = async (more: { readonly at?: string; readonly headers?: Readonly<Record<string, string>> }) =>
      rawRequest(
        open.origin,
        '/publish/catalog',
        await signed('POST', '/publish/catalog', { body: '{}', at: open.origin, ...more }),
      );

    it.each(['127.0.0.1', 'localhost', '[::1]', 'LOCALHOST'])(
      'accepts a publish request at the host %s',
      async (host) => {
        expect((await post({ at: `http://${host}:${new URL(open.origin).port}` })).status).toBe(200);
        expect((await post({ at: `http://${host}` })).status).toBe(200);
      },
    );

    it.each([
      'rebound.test',
      'localhost.rebound.test',
      '127.0.0.1.rebound.test',
      '0.0.0.0',
      '127.1.1.1',
      '[::]',
      '10.0.0.1',
      'channel.localhost',
    ])('refuses a publish request at the host %s, against DNS rebinding', async (host) => {
      const refused = await post({ at: `http://${host}:${new URL(open.origin).port}` });
      expect([refused.status, refused.headers['content-type']]).toEqual([403, 'application/problem+json']);
      expect(JSON.parse(refused.text).detail).toMatch(/Host is not localhost.* channelctl .* PUBLISHER_ACCESS_KEY_ID/);
      expect(events).toEqual([]);
    });

    it.each([
      ['origin', 'http://localhost:3000'],
      ['origin', 'null'],
      ['sec-fetch-site', 'same-origin'],
      ['sec-fetch-site', 'none'],
      ['forwarded', 'for=192.0.2.1'],
      ['x-forwarded-for', '192.0.2.1'],
      ['x-forwarded-host', 'nix.example.org'],
      ['x-forwarded', '1'],
      ['x-real-ip', '192.0.2.1'],
      ['via', '1.1 proxy'],
      ['upgrade', 'websocket'],
    ])('refuses a publish request with the header %s: %s, signed or not', async (name, value) => {
      const inside = await post({ headers: { [name]: value } });
      const after = await signed('POST', '/publish/catalog', { body: '{}', at: open.origin });
      const outside = await rawRequest(open.origin, '/publish/catalog', {
        ...after,
        headers: { ...after.headers, [name]: value },
      });
      for (const { status, text } of [inside, outside]) {
        expect(status).toBe(403);
        expect(JSON.parse(text)).toMatchObject({
          code: 'forbidden',
          detail: expect.stringContaining(`header ${name}`),
        });
      }
      expect(events).toEqual([]);
    });

    it('refuses a publish request over HTTP/1.0, which proxies send', async () => {
      const { headers } = await signed('GET', '/publish/catalog', { at: open.origin });
      const head = headOf('/publish/catalog', { method: 'GET', headers }).replace('HTTP/1.1', 'HTTP/1.0');
      const { answer: said, socket } = await converse(open.origin, head);
      expect(said).toMatch(/^HTTP\/1\.1 403 /);
      socket.destroy();
    });

    it('accepts readers through a proxy or from a page', async () => {
      const headers = { host: 'nix.example.org', 'x-forwarded-for': '192.0.2.1', origin: 'https://example.org' };
      expect((await rawRequest(open.origin, '/channel/demo.tar.xz', { headers })).status).toBe(200);
    });
  });

  describe('the local gateway before it is open', () => {
    it('answers readers with 503, and accepts publishers', async () => {
      const early = await startGateway({
        port: 0,
        publisher,
        now: () => clock,
        handlers: () => ({ serve: record('serve'), publish: record('publish') }),
      });
      const read = () => rawRequest(early.origin, '/channel/demo.tar.xz');
      expect(await read()).toMatchObject({
        status: 503,
        headers: { 'retry-after': '1' },
        text: expect.stringContaining('try again'),
      });
      expect(events).toEqual([]);
      const request = await signed('GET', '/publish/catalog', { at: early.origin });
      expect((await rawRequest(early.origin, '/publish/catalog', request)).status).toBe(200);
      early.open();
      expect((await read()).status).toBe(200);
      await early.close();
    });
  });
});

describe('oneAtATime', () => {
  const event = {} as APIGatewayProxyEventV2;
  const context = {} as Context;

  it('answers 503 while the function is running, and calls it again afterwards, also after a failure', async () => {
    const ends: ((failure?: Error) => void)[] = [];
    const handler = oneAtATime(
      () =>
        new Promise((resolve, reject) => {
          ends.push((failure) => (failure === undefined ? resolve({ statusCode: 200 }) : reject(failure)));
        }),
    );
    const first = handler(event, context);
    expect(await handler(event, context)).toMatchObject({ statusCode: 503, body: '{"message":"Service Unavailable"}' });
    ends[0]?.(new Error('a defect'));
    await expect(first).rejects.toThrow('a defect');
    const second = handler(event, context);
    ends[1]?.();
    expect(await second).toEqual({ statusCode: 200 });
  });
});

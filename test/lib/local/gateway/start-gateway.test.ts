import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { SignatureV4 } from '@smithy/signature-v4';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { routeKey, routes } from '../../../../lib/domain/routes.ts';
import { type Gateway, type LambdaHandler, startGateway } from '../../../../lib/local/gateway/start-gateway.ts';
import { Sha256 } from '../../../../lib/store/read/sha256.ts';
import { type RawRequest, rawRequest } from '../../../support/raw-request.ts';

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
});
beforeEach(() => {
  events = [];
  clock = Date.now();
  answer = async () => ({ statusCode: 200, headers: { 'x-own': 'yes' }, body: 'answered' });
});
afterAll(() => gateway.close());

const ask = (path: string, request?: RawRequest) => rawRequest(gateway.origin, path, request);

async function askSigned(method: string, path: string, body?: string, keys = publisher) {
  const url = new URL(gateway.origin + path);
  const signer = new SignatureV4({ service: 'execute-api', region: keys.region, credentials: keys, sha256: Sha256 });
  const signed = await signer.sign({
    method,
    protocol: url.protocol,
    hostname: url.hostname,
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    headers: { host: url.host, 'content-type': 'application/json' },
    body,
  });
  return ask(path, { method, headers: signed.headers, ...(body === undefined ? {} : { body }) });
}

describe('routes', () => {
  it.each(
    routes.filter(({ authorization }) => authorization === 'none').map((route) => [routeKey(route), route] as const),
  )('leads %s to its function', async (key, { method, path, target }) => {
    expect((await ask(path.replaceAll(/\{(\w+)\}/g, 'x'), { method })).status).toBe(200);
    expect(events).toMatchObject([{ target, event: { routeKey: key } }]);
  });

  it.each(
    routes.filter(({ authorization }) => authorization === 'iam').map((route) => [routeKey(route), route] as const),
  )('lets nobody unsigned through to %s', async (key, { method, path }) => {
    const concrete = path.replaceAll(/\{(\w+)\}/g, 'x');
    expect(await ask(concrete, { method })).toMatchObject({ status: 403, text: '{"message":"Forbidden"}' });
    expect(events).toEqual([]);
    expect((await askSigned(method, concrete)).status).toBe(200);
    expect(events).toMatchObject([{ target: 'publish', event: { routeKey: key } }]);
  });

  it.each([
    ['GET', '/'],
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

  it('answers 400 to a broken percent-encoding', async () => {
    expect((await ask('/permanent/%E0%A4%A')).status).toBe(400);
  });
});

describe('the event', () => {
  it('is one of payload format 2.0: path decoded, header names in lower case and joined, query apart', async () => {
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
      requestContext: { http: { method: 'GET', path: '/permanent/a/b c+d', sourceIp: '127.0.0.1' }, stage: '$default' },
    });
    expect(event?.headers.cookie).toBeUndefined();
    expect(event?.body).toBeUndefined();
  });

  it('says who signed', async () => {
    await askSigned('POST', '/publish/catalog', '{"a":1}');
    expect(events[0]?.event).toMatchObject({
      body: '{"a":1}',
      requestContext: { authorizer: { iam: { accessKey: 'local', userArn: 'arn:aws:iam::000000000000:user/local' } } },
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
    const url = new URL(`${gateway.origin}/publish/catalog`);
    const signer = new SignatureV4({
      service: 'execute-api',
      region: 'us-east-1',
      credentials: publisher,
      sha256: Sha256,
    });
    const { headers } = await signer.sign({
      method: 'POST',
      protocol: 'http:',
      hostname: url.hostname,
      path: url.pathname,
      headers: { host: url.host },
      body: '{"a":1}',
    });
    expect((await ask('/publish/catalog', { method: 'POST', headers, body: '{"a":2}' })).status).toBe(403);
  });
});

describe('limits and faults', () => {
  it('passes 9 KB of path on, and refuses more than 10 KB of head', async () => {
    expect((await ask(`/permanent/${'a'.repeat(9_000)}`)).status).toBe(200);
    expect((await ask('/permanent/a', { headers: { 'x-long': 'a'.repeat(10_300) } })).status).toBe(431);
  });

  it('refuses a body over 10 MB', async () => {
    expect((await askSigned('POST', '/publish/catalog', 'a'.repeat(10 * 1024 * 1024 + 1))).status).toBe(413);
  });

  it('answers 500 for a function that throws', async () => {
    answer = async () => {
      throw new Error('a secret');
    };
    expect(await ask('/channel/x')).toMatchObject({ status: 500, text: '{"message":"Internal Server Error"}' });
  });

  it('gives no body to HEAD', async () => {
    expect(await ask('/channel/x', { method: 'HEAD' })).toMatchObject({
      status: 200,
      text: '',
      headers: { 'x-own': 'yes' },
    });
  });
});

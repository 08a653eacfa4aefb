import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { metrics } from '../../lib/domain/metrics.ts';
import { type RunningS3, startS3 } from '../../lib/local/s3/server.ts';
import { type Datum, emfData } from '../picture/emf-data.ts';
import { brokenEmf } from '../support/emf.ts';
import { type EventParts, gatewayEvent } from '../support/gateway-event.ts';
import { sha256 } from '../support/memory-bucket.ts';
import { rawRequest } from '../support/raw-request.ts';
import { type Answer, type ShippedFunction, shippedFunctions } from '../support/shipped-function.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../support/temporary-directory.ts';
import { startTestSystem, type TestSystem } from '../support/test-system.ts';
import { type TlsFront, tlsFront } from '../support/tls-front.ts';
import { basic, newKey, token } from '../support/tokens.ts';

const region = 'eu-central-1';
const keys = { accessKeyId: 'AKIASHIPPED', secretAccessKey: 'the-secret-of-the-role' };
const reader = newKey('ES256');
const good = token(reader, { sub: 'the-subject', exp: Math.floor(Date.now() / 1_000) + 3_600 });

let directory: TemporaryDirectory;
let s3: RunningS3;
let bucket: TestSystem;
let front: TlsFront;
let serve: ShippedFunction;
let publish: ShippedFunction;
let lines: readonly Readonly<Record<string, unknown>>[];
let data: readonly Datum[];
const answers: Record<string, Answer> = {};

const read = (rawPath: string, headers = {}, method = 'GET'): Promise<Answer> => {
  const [, root] = rawPath.split('/');
  const parameter = root === 'channel' ? '{channel}' : '{release}';
  return serve.call(gatewayEvent({ routeKey: `${method} /${root}/${parameter}`, method, rawPath, headers }));
};

const operate = (routeKey: string, body: object, parts: Partial<EventParts> = {}): Promise<Answer> => {
  const [method = '', path = ''] = routeKey.split(' ');
  const headers = { 'content-type': 'application/json' };
  const userArn = 'arn:aws:iam::111122223333:user/publisher';
  const sent = { method, rawPath: path, headers, userArn, body: JSON.stringify(body) };
  return publish.call(gatewayEvent({ routeKey, ...sent, ...parts }));
};

/** Uploads a release as the command does. */
async function publishRelease(release: string, bytes: string): Promise<Answer> {
  const parts = { pathParameters: { channel: 'open' } };
  const declared = {
    operation: `operation-${release}`,
    release,
    size: Buffer.byteLength(bytes),
    sha256: sha256(bytes),
    partSha256s: [sha256(bytes, 'base64')],
  };
  const opened = await operate('POST /publish/channels/{channel}/uploads', declared, parts);
  const { upload, parts: urls } = JSON.parse(opened.body ?? '');
  const { pathname, search } = new URL(urls[0].url);
  // The URL is signed for the endpoint's own name, which the server behind it is told as well.
  const { host } = new URL(front.endpoint);
  const headers = { ...urls[0].headers, host };
  const part = { method: 'PUT', headers, body: bytes };
  expect((await rawRequest(`http://localhost:${s3.port}`, `${pathname}${search}`, part)).status).toBe(200);
  const body = { operation: declared.operation, upload };
  return operate('POST /publish/channels/{channel}/releases', body, parts);
}

beforeAll(async () => {
  directory = temporaryDirectory();
  directory.file('reader.pem', reader.pem);
  s3 = await startS3({
    dataDir: `${directory.path}/bucket`,
    hosts: ['127.0.0.1', '::1'],
    port: 0,
    region,
    credentials: (id) => (id === keys.accessKeyId ? keys.secretAccessKey : undefined),
  });
  bucket = await startTestSystem({ store: { endpoint: `http://localhost:${s3.port}`, region, credentials: keys } });
  await bucket.lay('channels.json', { channels: ['open', 'late'], public: ['open'] });
  await bucket.lay('open.json', { latest: null });
  const history = [
    { serial: 1, operation: 'x', action: 'publish', release: 'late-1', at: '2026-01-01', by: 'somebody' },
  ];
  await bucket.lay('late.json', { latest: 'late-1', max_age: 60, history });
  await bucket.lay('late-1.tar.xz', 'late', { Metadata: { channel: 'late' } });
  front = await tlsFront(`http://localhost:${s3.port}`);
  const start = shippedFunctions({
    stackName: 'Shipped',
    metricChannels: 'open',
    channelMaxAgeSeconds: 0,
    jwtPublicKeyFiles: `${directory.path}/reader.pem`,
  });
  const environment = {
    BUCKET: bucket.bucket,
    BASE_URL: 'https://nix.example.org',
    S3_ENDPOINT: front.endpoint,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: keys.accessKeyId,
    AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
  };
  [serve, publish] = await Promise.all([start('Serve', environment), start('Publish', environment)]);

  answers.published = await publishRelease('open-1', 'one');
  answers.conflict = await operate(
    'POST /publish/channels/{channel}/rollback',
    { operation: 'rollback-1', from: 'open-9', to: 'open-1' },
    { pathParameters: { channel: 'open' } },
  );
  answers.measured = await publish.call({ task: 'measure-channels' });
  answers.channel = await read('/channel/open.tar.xz');
  answers.permanent = await read('/permanent/open-1.tar.xz');
  answers.closed = await read('/channel/late.tar.xz');
  answers.opened = await read('/channel/late.tar.xz', { authorization: basic(good) });
  await front.close();
  answers.stale = await read('/channel/open.tar.xz');
  answers.failed = await operate('GET /publish/catalog', {});
  await Promise.all([serve.close(), publish.close()]);
  lines = `${serve.written()}${publish.written()}`
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  data = lines.flatMap(emfData);
});
afterAll(async () => {
  await bucket.close();
  await s3.close();
  directory.remove();
});

describe('the functions as they are shipped', () => {
  it('answer as the functions of the local system do', () => {
    const statuses = Object.entries(answers).map(([name, { statusCode, failed }]) => [name, failed ?? statusCode]);

    expect(Object.fromEntries(statuses)).toEqual({
      published: 200,
      conflict: 409,
      measured: undefined,
      channel: 307,
      permanent: 307,
      closed: 401,
      opened: 307,
      stale: 307,
      failed: 503,
    });
    expect(answers.channel?.headers?.link).toMatch(/^<https:\/\/nix\.example\.org\/permanent\/open-1\.tar\.xz/);
    expect(answers.permanent?.headers?.location).toContain('X-Amz-Signature=');
  });

  it('write one JSON object in each line, in the embedded metric format where it has metrics', () => {
    expect(lines.flatMap((line) => brokenEmf(line, Date.now()))).toEqual([]);
    expect(new Set(data.map(({ dimensions }) => dimensions.service))).toEqual(new Set(['Shipped']));
  });

  it('emit each metric of the table, with its unit and dimensions', () => {
    const emitted = new Map(
      data.map(({ name, unit, dimensions }) => [name, { unit, dimensions: Object.keys(dimensions) }]),
    );

    expect(Object.fromEntries(emitted)).toEqual(metrics);
    expect(data.find(({ name }) => name === 'ChannelRequests')?.dimensions.trackedChannel).toBe('open');
    expect(data.find(({ name }) => name === 'PublishedBytes')?.value).toBe(3);
  });

  it('log who published and which channel is overdue, as the queries of the dashboard expect it', () => {
    expect(lines).toContainEqual(expect.objectContaining({ level: 'info', message: 'published', release: 'open-1' }));
    expect(lines).toContainEqual(expect.objectContaining({ level: 'warn', message: 'overdue', channel: 'late' }));
    expect(lines).toContainEqual(
      expect.objectContaining({ level: 'error', message: 'unavailable', function: 'publish' }),
    );
  });

  it('write no secret, no token and no signature', () => {
    const all = serve.written() + publish.written();
    for (const text of [keys.secretAccessKey, good, ...good.split('.'), 'the-subject', 'X-Amz-', 'uthorization'])
      expect(all).not.toContain(text);
  });
});

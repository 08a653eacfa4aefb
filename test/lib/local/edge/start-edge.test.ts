import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Edge, startEdge } from '../../../../lib/local/edge/start-edge.ts';
import { locateBucket } from '../../../../lib/store/read/bucket-location.ts';
import { createDelivery, parseDeliveryKey } from '../../../../lib/store/read/delivery.ts';
import { deliveryKeyPair } from '../../../support/delivery-key.ts';
import { type RawRequest, rawRequest } from '../../../support/raw-request.ts';
import { type TestS3, testS3 } from '../../../support/test-s3.ts';

const pair = deliveryKeyPair();
const key = parseDeliveryKey(pair.secret('K1'), undefined);
const name = 'lib++ (1).tar.xz';
const bytes = 'the bytes of a release';

let edge: Edge;

const edgeBefore = (endpoint: string, secretAccessKey = 'secret'): Promise<Edge> =>
  startEdge({
    port: 0,
    bucket: locateBucket({ bucket: 'bucket', region: 'us-east-1', endpoint }),
    keys: { get: () => ({ accessKeyId: 'key', secretAccessKey }) },
    publicKey: (id) => (id === 'K1' ? pair.publicKey : undefined),
    now: Date.now,
  });

async function ask(object: string, request: RawRequest = {}) {
  const delivery = createDelivery({
    origin: edge.origin,
    keys: { get: () => key, generation: () => 0 },
    now: Date.now,
  });
  const { pathname, search } = new URL(await delivery.presignGet(object, 60));
  return rawRequest(edge.origin, pathname + search, request);
}

describe('the edge before a bucket', () => {
  let s3: TestS3;

  beforeEach(async () => {
    s3 = await testS3();
    await s3.client.send(
      new PutObjectCommand({ Bucket: 'bucket', Key: name, Body: bytes, Metadata: { channel: 'lib' } }),
    );
    edge = await edgeBefore(`http://${s3.host}`);
  });
  afterEach(async () => {
    await edge.close();
    await s3.close();
  });

  it('gives the object of a signed URL with the headers that Nix needs, whatever is in its name', async () => {
    const { status, text, headers } = await ask(name);
    expect([status, text]).toEqual([200, bytes]);
    expect(headers).toMatchObject({
      etag: expect.stringMatching(/^"[0-9a-f]{32}"$/),
      'accept-ranges': 'bytes',
      'content-length': String(bytes.length),
      'last-modified': expect.any(String),
      'x-cache': 'Miss from cloudfront',
    });
  });

  it('answers HEAD without a body', async () => {
    const { status, text, headers } = await ask(name, { method: 'HEAD' });
    expect([status, text, headers['content-length']]).toEqual([200, '', String(bytes.length)]);
  });

  it('passes on a range', async () => {
    const { status, text, headers } = await ask(name, { headers: { range: 'bytes=4-8' } });
    expect([status, text, headers['content-range']]).toEqual([206, bytes.slice(4, 9), `bytes 4-8/${bytes.length}`]);
    expect((await ask(name, { headers: { range: 'bytes=900-' } })).status).toBe(416);
  });

  it('passes on the entity tag that a client has', async () => {
    const { etag = '' } = (await ask(name)).headers;
    const { status, text } = await ask(name, { headers: { 'if-none-match': etag } });
    expect([status, text]).toEqual([304, '']);
    const resumed = await ask(name, { headers: { range: 'bytes=4-', 'if-range': etag } });
    expect([resumed.status, resumed.text]).toEqual([206, bytes.slice(4)]);
  });

  it.each(['Basic dG9rZW46c2VjcmV0', 'Bearer token', 'AWS4-HMAC-SHA256 Credential=other'])(
    'does not pass on the credentials %s, which S3 would refuse',
    async (authorization) => {
      expect((await ask(name, { headers: { authorization, cookie: 'a=b' } })).text).toBe(bytes);
    },
  );

  it("answers an unsigned request in CloudFront's form, without asking the bucket", async () => {
    const { status, text, headers } = await rawRequest(edge.origin, `/${encodeURIComponent(name)}`);
    expect([status, headers['content-type'], headers['x-cache']]).toEqual([403, 'text/xml', 'Error from cloudfront']);
    expect(text).toMatch(
      /<Error><Code>MissingKey<\/Code><Message>Missing Key-Pair-Id query parameter or cookie value<\/Message><\/Error>$/,
    );
  });

  it('refuses a body that is sent to it', async () => {
    const { status } = await ask(name, { method: 'PUT', body: 'x'.repeat(100_000) });
    expect(status).toBe(403);
    expect((await ask(name)).text).toBe(bytes);
  });

  it("passes on S3's answer where the object does not exist", async () => {
    const { status, text, headers } = await ask('gone.tar.xz');
    expect([status, headers['x-cache']]).toEqual([404, 'Error from cloudfront']);
    expect(text).toContain('<Code>NoSuchKey</Code>');
  });

  it('gives nothing with keys that may not read the bucket', async () => {
    await edge.close();
    edge = await edgeBefore(`http://${s3.host}`, 'of somebody else');
    expect((await ask(name)).text).toContain('<Code>SignatureDoesNotMatch</Code>');
  });
});

describe('the edge before a bucket that fails', () => {
  afterEach(() => edge.close());

  /** A server that is asked instead of the bucket. */
  async function failing(listener: http.RequestListener): Promise<http.Server> {
    const server = http.createServer(listener);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    edge = await edgeBefore(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    return server;
  }

  it('answers 502 where the bucket cannot be reached', async () => {
    const server = await failing(() => {});
    await new Promise((resolve) => server.close(resolve));
    const { status, text } = await ask(name);
    expect([status, text]).toEqual([502, expect.stringContaining('cannot connect to the origin')]);
  });

  it.each([
    ['with a length', { 'content-length': 1_000 }],
    ['in chunks', {}],
  ])('breaks off where the bucket does, %s, so that the client sees that something is missing', async (_, headers) => {
    const server = await failing((_, response) => {
      response.writeHead(200, headers).write('half');
      setTimeout(() => response.destroy(), 20);
    });
    await expect(ask(name)).rejects.toMatchObject({ code: 'ECONNRESET' });
    await new Promise((resolve) => server.close(resolve));
  });

  it('sends the bucket its own signature, and of the headers of a client only those about ranges and conditions', async () => {
    let sent: http.IncomingMessage | undefined;
    const server = await failing((request, response) => {
      sent = request;
      response.end('bytes');
    });
    const conditions = {
      range: 'bytes=1-',
      'if-range': '"a"',
      'if-match': '"a"',
      'if-none-match': '"b"',
      'if-modified-since': 'Thu, 01 Jan 2026 00:00:00 GMT',
      'if-unmodified-since': 'Thu, 01 Jan 2026 00:00:00 GMT',
    };
    await ask(name, {
      headers: { ...conditions, authorization: 'Bearer token', cookie: 'a=b', 'x-forwarded-for': '1' },
    });
    const { host, connection, authorization = '', ...headers } = sent?.headers ?? {};
    expect(authorization).toMatch(/^AWS4-HMAC-SHA256 Credential=key\//);
    expect(headers).toEqual({
      ...conditions,
      'x-amz-content-sha256': expect.any(String),
      'x-amz-date': expect.any(String),
    });
    expect(sent?.url).toBe('/bucket/lib%2B%2B%20%281%29.tar.xz');
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
});

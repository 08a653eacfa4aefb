import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { afterAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { sendTo, testS3 } from '../../../support/test-s3.ts';

let now: Date | undefined;
const s3 = await testS3({ clock: () => now ?? new Date() });
await s3.sendSigned({ method: 'PUT', target: '/bucket' });
await s3.sendSigned({ method: 'PUT', target: '/bucket/key', body: 'hello' });
afterAll(() => s3.close());

const Bucket = 'bucket';
const target = (url: string) => new URL(url).pathname + new URL(url).search;

describe('the S3 stand-in, given a presigned GET', () => {
  const presign = async (expiresIn = 900, signingDate = new Date()) =>
    target(await getSignedUrl(s3.client, new GetObjectCommand({ Bucket, Key: 'key' }), { expiresIn, signingDate }));

  it('answers it, also with unsigned conditions and ranges', async () => {
    const url = await presign();
    expect(await s3.send({ method: 'GET', target: url })).toMatchObject({ status: 200, body: 'hello' });
    expect(await s3.send({ method: 'GET', target: url, headers: { range: 'bytes=1-2' } })).toMatchObject({
      status: 206,
      body: 'el',
    });
    const headers = { 'if-none-match': '"5d41402abc4b2a76b9719d911017c592"' };
    expect(await s3.send({ method: 'GET', target: url, headers })).toMatchObject({ status: 304 });
  });

  it('refuses it together with an Authorization header, as S3 does', async () => {
    const answer = await s3.send({
      method: 'GET',
      target: await presign(),
      headers: { authorization: 'Basic dXNlcjp0b2tlbg==' },
    });
    expect(answer).toMatchObject({ status: 400, code: 'InvalidArgument' });
    expect(answer.body).toContain('Only one auth mechanism allowed');
  });

  it.each(['HEAD', 'PUT', 'DELETE', 'POST'])('refuses its URL for the method %s', async (method) => {
    expect(await s3.send({ method, target: await presign() })).toMatchObject({ status: 403 });
  });

  it('accepts it until it expires, and not before its date', async () => {
    const signed = new Date('2026-01-01T00:00:00Z');
    const url = await presign(60, signed);
    const at = async (seconds: number) => {
      now = new Date(signed.getTime() + seconds * 1000);
      const answer = await s3.send({ method: 'GET', target: url });
      now = undefined;
      return answer;
    };
    expect(await at(59)).toMatchObject({ status: 200 });
    expect(await at(60)).toMatchObject({ status: 403, code: 'AccessDenied' });
    expect((await at(60)).body).toContain('Request has expired');
    expect(await at(-901)).toMatchObject({ status: 403, code: 'AccessDenied' });
  });

  it('refuses it with another key or an added parameter', async () => {
    const url = await presign();
    for (const other of [
      url.replace('/key?', '/kez?'),
      `${url}&response-content-type=text%2Fhtml`,
      `${url}&x-amz-meta-a=1`,
    ]) {
      expect(await s3.send({ method: 'GET', target: other })).toMatchObject({
        status: 403,
        code: 'SignatureDoesNotMatch',
      });
    }
  });
});

describe('the S3 stand-in, given a presigned PUT', () => {
  it('applies the headers that presigning moved to the query', async () => {
    const client = new S3Client({
      endpoint: `http://${s3.host}`,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: { accessKeyId: 'key', secretAccessKey: 'secret' },
      requestChecksumCalculation: 'WHEN_REQUIRED',
    });
    const url = await getSignedUrl(client, new PutObjectCommand({ Bucket, Key: 'hoisted', Metadata: { rev: 'é' } }));
    expect(await s3.send({ method: 'PUT', target: target(url), body: 'x' })).toMatchObject({ status: 200 });
    const { headers } = await s3.sendSigned({ method: 'HEAD', target: '/bucket/hoisted' });
    expect(Buffer.from(String(headers['x-amz-meta-rev']), 'latin1').toString()).toBe('é');
    const unfit = await getSignedUrl(
      client,
      new PutObjectCommand({ Bucket, Key: 'hoisted', Metadata: { 'a\nb': 'x' } }),
    );
    expect(await s3.send({ method: 'PUT', target: target(unfit), body: 'x' })).toMatchObject({ status: 501 });
    const bad = await getSignedUrl(
      client,
      new PutObjectCommand({ Bucket, Key: 'hoisted', Metadata: { rev: 'a\r\nb' } }),
    );
    expect(await s3.send({ method: 'PUT', target: target(bad), body: 'x' })).toMatchObject({
      status: 400,
      code: 'InvalidArgument',
    });
  });
});

describe('the S3 stand-in', () => {
  it('refuses a request without a signature', async () => {
    for (const where of ['/', '/bucket', '/bucket/key', '/missing/key', '/bucket/key?acl']) {
      expect(await s3.send({ method: 'GET', target: where })).toMatchObject({ status: 403, code: 'AccessDenied' });
    }
  });

  it('refuses a request whose date differs by more than 15 minutes', async () => {
    now = new Date(Date.now() + 16 * 60_000);
    const answer = await s3.sendSigned({ method: 'GET', target: '/' });
    now = undefined;
    expect(answer).toMatchObject({ status: 403, code: 'RequestTimeTooSkewed' });
  });

  it.each([
    ['region', { region: 'eu-west-1' }, 'AuthorizationHeaderMalformed'],
    ['access key', { credentials: { accessKeyId: 'other', secretAccessKey: 'secret' } }, 'InvalidAccessKeyId'],
    ['secret', { credentials: { accessKeyId: 'key', secretAccessKey: 'other' } }, 'SignatureDoesNotMatch'],
    [
      'session token',
      { credentials: { accessKeyId: 'key', secretAccessKey: 'secret', sessionToken: 'x' } },
      'InvalidToken',
    ],
  ])('refuses a request with a wrong %s', async (_, config, name) => {
    const client = new S3Client({
      endpoint: `http://${s3.host}`,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: { accessKeyId: 'key', secretAccessKey: 'secret' },
      ...config,
    });
    await expect(client.send(new GetObjectCommand({ Bucket, Key: 'key' }))).rejects.toMatchObject({ name });
  });

  it.each([
    ['GET', '/bucket', {}],
    ['GET', '/bucket?versioning=', {}],
    ['GET', '/bucket?list-type=2&fetch-owner=true', {}],
    ['PUT', '/bucket?policy=', {}],
    ['DELETE', '/bucket', {}],
    ['POST', '/bucket?delete=', {}],
    ['GET', '/bucket/key?acl=', {}],
    ['GET', '/bucket/key?versionId=null', {}],
    ['GET', '/bucket/key?partNumber=1', {}],
    ['DELETE', '/bucket/key?tagging=', {}],
    ['GET', '/bucket/key?tagging=&versionId=null', {}],
    ['PUT', '/bucket/key?uploadId=x', {}],
    ['PUT', '/bucket/key', { 'x-amz-copy-source': '/bucket/other' }],
    ['PUT', '/bucket/key', { 'x-amz-acl': 'public-read' }],
    ['PUT', '/bucket/key', { 'x-amz-server-side-encryption': 'AES256' }],
    ['PUT', '/bucket/key', { 'x-amz-tagging-directive': 'COPY' }],
    ['PUT', '/bucket/key', { 'x-amz-checksum-xxhash64': 'AAAA' }],
    ['GET', '/bucket/key', { 'x-amz-server-side-encryption-customer-algorithm': 'AES256' }],
    ['GET', '/bucket/key', { 'x-amz-expected-bucket-owner': '1' }],
  ])('answers 501 to an unsupported request: %s %s %j', async (method, where, headers) => {
    const answer = await s3.sendSigned({ method, target: where, headers: headers as Record<string, string> });
    expect(answer).toMatchObject({ status: 501, code: 'NotImplemented' });
    expect(await s3.sendSigned({ method: 'GET', target: '/bucket/key' })).toMatchObject({ body: 'hello' });
  });

  it.each([
    ['PATCH', '/bucket/key'],
    ['OPTIONS', '/bucket'],
    ['POST', '/bucket/key'],
    ['POST', '/'],
    ['DELETE', '/'],
  ])('answers 405 to a wrong method: %s %s', async (method, where) => {
    expect(await s3.sendSigned({ method, target: where })).toMatchObject({ status: 405, code: 'MethodNotAllowed' });
  });

  it("answers with S3's error document", async () => {
    const { headers, body } = await s3.sendSigned({ method: 'GET', target: '/bucket/a%26b' });
    expect(headers).toMatchObject({ 'content-type': 'application/xml', date: expect.stringContaining('GMT') });
    const id = headers['x-amz-request-id'];
    expect(body).toBe(
      `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message><Key>a&#38;b</Key><Resource>/bucket/a%26b</Resource><RequestId>${id}</RequestId></Error>`,
    );
  });

  it('answers any malformed request with a 4xx', async () => {
    const pieces = fc.constantFrom(
      '/',
      'bucket',
      'key',
      '..',
      '%00',
      '%',
      '%ff',
      '?',
      '&',
      '=',
      'X-Amz-Algorithm',
      'X-Amz-Expires',
      'uploadId',
      '+',
      'a',
    );
    const header = fc.stringMatching(/^[ -~]{0,40}$/);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('GET', 'HEAD', 'PUT', 'POST', 'DELETE'),
        fc.array(pieces, { maxLength: 12 }).map((all) => `/${all.join('')}`),
        fc.record({ authorization: header, 'x-amz-date': header, range: header }, { requiredKeys: [] }),
        async (method, where, headers) => {
          const { status } = await sendTo(Number(s3.host.split(':')[1]), { method, target: where, headers });
          expect(status).toBeGreaterThanOrEqual(400);
          expect(status).toBeLessThan(500);
        },
      ),
    );
  });
});

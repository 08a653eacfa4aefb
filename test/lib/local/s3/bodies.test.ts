import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { awsChunked } from '../../../../lib/local/s3/aws-chunked.ts';
import { checksumOf } from '../../../../lib/local/s3/checksums.ts';
import { sign, signingKey } from '../../../../lib/local/sigv4/verify.ts';
import { signer } from '../../../support/signer.ts';
import { type TestResponse, testS3 } from '../../../support/test-s3.ts';

const s3 = await testS3();
afterAll(() => s3.close());

const sha256 = (data: string | Buffer) => createHash('sha256').update(data).digest('hex');
const read = async () => (await s3.sendSigned({ method: 'GET', target: '/bucket/body' })).body;
/** Waits until there are this many blobs; replaced blobs are removed in the background. */
const blobs = async (count: number) => {
  while (readdirSync(join(s3.dataDir, 'blobs')).length !== count) await setTimeout(5);
};
const put = (headers: Readonly<Record<string, string>>, body: string | Buffer = 'hello') =>
  s3.sendSigned({ method: 'PUT', target: '/bucket/body', headers, body });

describe('the S3 stand-in, given a plain body', () => {
  it.each([
    { 'content-md5': 'XUFAKrxLKna5cZ2REBfFkg==' },
    { 'x-amz-checksum-crc32': 'NhCmhg==' },
    { 'x-amz-checksum-crc32c': 'mnG7TA==' },
    { 'x-amz-checksum-crc64nvme': 'M3eFcAZSQlc=' },
    { 'x-amz-checksum-sha1': 'qvTGHdzF6KLavt4PO0gs2a6pQ00=' },
    { 'x-amz-checksum-sha256': 'LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=' },
    { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' },
  ] as Readonly<Record<string, string>>[])(
    'stores a body with the header %j, and refuses one that does not match its checksum',
    async (headers) => {
      expect(await put(headers)).toMatchObject({ status: 200 });
      expect(await put(headers, 'hellO')).toMatchObject(
        'x-amz-content-sha256' in headers ? { status: 200 } : { status: 400, code: 'BadDigest' },
      );
    },
  );

  it.each<[Record<string, string>, string]>([
    [{ 'x-amz-content-sha256': sha256('other') }, 'XAmzContentSHA256Mismatch'],
    [{ 'x-amz-content-sha256': 'nonsense' }, 'InvalidArgument'],
    [{ 'content-md5': 'x' }, 'InvalidDigest'],
    [{ 'x-amz-checksum-sha256': 'x' }, 'InvalidRequest'],
    [{ 'x-amz-checksum-crc32': 'NhCmhg==', 'x-amz-checksum-crc32c': 'mnG7TA==' }, 'InvalidRequest'],
    [{ 'x-amz-sdk-checksum-algorithm': 'CRC32' }, 'InvalidRequest'],
    [{ 'x-amz-sdk-checksum-algorithm': 'CRC32C', 'x-amz-checksum-crc32': 'NhCmhg==' }, 'InvalidRequest'],
  ])('refuses a body with the wrong header %j, and stores nothing', async (headers, code) => {
    await put({}, 'before');
    expect(await put(headers)).toMatchObject({ status: 400, code });
    expect(await read()).toBe('before');
    await blobs(1);
  });

  it('refuses a body without a length', async () => {
    const signed = await signer('s3').sign({
      method: 'PUT',
      protocol: 'http:',
      hostname: s3.host,
      path: '/bucket/body',
      headers: { host: s3.host, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' },
    });
    const status = await new Promise((resolve) => {
      const outgoing = request(`http://${s3.host}/bucket/body`, {
        method: 'PUT',
        headers: { ...signed.headers, 'transfer-encoding': 'chunked' },
      });
      outgoing.on('response', (response) => resolve(response.statusCode)).end('x');
    });
    expect(status).toBe(411);
  });

  it('does not store a body that is cut off', async () => {
    await put({}, 'before');
    await blobs(1);
    const { headers } = await signer('s3').sign({
      method: 'PUT',
      protocol: 'http:',
      hostname: s3.host,
      path: '/bucket/body',
      headers: { host: s3.host, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' },
    });
    const lines = Object.entries({ ...headers, 'content-length': '10' }).map(
      ([name, value]) => `${name}: ${value}\r\n`,
    );
    const socket = connect(Number(s3.host.split(':')[1]), '127.0.0.1');
    socket.write(`PUT /bucket/body HTTP/1.1\r\n${lines.join('')}\r\nhello`);
    await blobs(2);
    socket.destroy();
    await blobs(1);
    expect(await read()).toBe('before');
  });

  it('discards the body of a refused request, so that the connection can be reused', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const ports: (number | undefined)[] = [];
    for (let i = 0; i < 2; i++) {
      const status = await new Promise((resolve, reject) => {
        const outgoing = request(`http://${s3.host}/bucket/body`, { method: 'PUT', agent });
        outgoing.on('error', reject).on('response', (response) => {
          ports.push(response.socket.localPort);
          response.resume().on('end', () => resolve(response.statusCode));
        });
        outgoing.end(Buffer.alloc(4 * 1024 * 1024));
      });
      expect(status).toBe(403);
    }
    expect(ports[0]).toBe(ports[1]);
    agent.destroy();
  });
});

describe('the S3 stand-in, given an aws-chunked body without signatures', () => {
  const good = '3\r\nhel\r\n2\r\nlo\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n';
  const send = (body: string, more: Record<string, string> = {}): Promise<TestResponse> =>
    put(
      {
        'content-encoding': 'aws-chunked,gzip',
        'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
        'x-amz-decoded-content-length': '5',
        'x-amz-trailer': 'x-amz-checksum-crc32',
        ...more,
      },
      body,
    );

  it('stores the decoded body', async () => {
    expect(await send(good)).toMatchObject({ status: 200, headers: { 'x-amz-checksum-crc32': 'NhCmhg==' } });
    expect(await read()).toBe('hello');
    const { headers } = await s3.sendSigned({ method: 'HEAD', target: '/bucket/body' });
    expect(headers).toMatchObject({ 'content-encoding': 'gzip', 'content-length': '5' });
  });

  it.each<[string, string, string, Record<string, string>?]>(
    [
      ['a wrong checksum in the trailer', good.replace('NhCmhg', 'AAAAAA'), 'BadDigest'],
      ['no trailer', '5\r\nhello\r\n0\r\n\r\n', 'InvalidRequest'],
      ['changed data', good.replace('lo', 'lO'), 'BadDigest'],
      ['more data than announced', good, 'IncompleteBody', { 'x-amz-decoded-content-length': '4' }],
      ['less data than announced', good, 'IncompleteBody', { 'x-amz-decoded-content-length': '6' }],
      ['a chunk that is too long', good.replace('2\r\nlo', '2\r\nloo'), 'IncompleteBody'],
      ['no last chunk', '5\r\nhello\r\n', 'IncompleteBody'],
      ['bytes after the end', `${good}x`, 'IncompleteBody'],
      ['an endless line', 'x'.repeat(5000), 'IncompleteBody'],
      ['an unknown trailer', good, 'InvalidRequest', { 'x-amz-trailer': 'x-amz-meta-a' }],
      ['no announced trailer', good, 'InvalidRequest', { 'x-amz-trailer': '' }],
    ].map((row) => [...row, ...(row.length < 4 ? [{}] : [])] as [string, string, string, Record<string, string>]),
  )('refuses an unsigned chunked body with %s', async (_, body, code, more) => {
    await put({}, 'before');
    expect(await send(body, more)).toMatchObject({ status: 400, code });
    expect(await read()).toBe('before');
  });
});

describe('the S3 stand-in, given an aws-chunked body with signatures', () => {
  const empty = sha256('');

  async function send(tamper: (body: string) => string, trailing: boolean): Promise<TestResponse> {
    const data = ['a'.repeat(8192), 'end'];
    const crc = await checksumOf(
      'CRC32C',
      data.map((text) => Buffer.from(text)),
    );
    const path = '/bucket/body';
    const { headers } = await signer('s3').sign({
      method: 'PUT',
      protocol: 'http:',
      hostname: s3.host,
      path,
      headers: {
        host: s3.host,
        'x-amz-content-sha256': `STREAMING-AWS4-HMAC-SHA256-PAYLOAD${trailing ? '-TRAILER' : ''}`,
        'x-amz-decoded-content-length': '8195',
        ...(trailing ? { 'x-amz-trailer': 'x-amz-checksum-crc32c' } : {}),
      },
    });
    const date = headers['x-amz-date'] ?? '';
    const scope = `${date.slice(0, 8)}/us-east-1/s3/aws4_request`;
    const context = { key: signingKey('secret', scope), date, scope };
    let signature = /Signature=(\w+)/.exec(headers.authorization ?? '')?.[1] ?? '';
    let body = '';
    for (const chunk of [...data, '']) {
      signature = sign(context, 'AWS4-HMAC-SHA256-PAYLOAD', signature, empty, sha256(chunk));
      body += `${chunk.length.toString(16)};chunk-signature=${signature}\r\n${chunk}${chunk ? '\r\n' : ''}`;
    }
    if (trailing) {
      signature = sign(context, 'AWS4-HMAC-SHA256-TRAILER', signature, sha256(`x-amz-checksum-crc32c:${crc}\n`));
      body += `x-amz-checksum-crc32c:${crc}\r\nx-amz-trailer-signature:${signature}\r\n`;
    }
    return s3.send({ method: 'PUT', target: path, headers, body: tamper(`${body}\r\n`) });
  }

  it.each([false, true])('stores a signed chunked body (with a trailer: %s)', async (trailing) => {
    expect(await send((body) => body, trailing)).toMatchObject({ status: 200 });
    expect(await read()).toBe(`${'a'.repeat(8192)}end`);
  });

  it.each<[string, (body: string) => string]>([
    ['a changed chunk', (body) => body.replace('end', 'enD')],
    ['a changed chunk signature', (body) => body.replace(/3;chunk-signature=./, '3;chunk-signature=g')],
    ['a missing chunk signature', (body) => body.replace(/3;chunk-signature=\w+/, '3')],
    ['an omitted chunk', (body) => body.replace(/3;chunk-signature=\w+\r\nend\r\n/, '')],
    ['a changed trailer', (body) => body.replace(/crc32c:../, 'crc32c:AA')],
    ['a missing trailer signature', (body) => body.replace(/x-amz-trailer-signature:\w+\r\n/, '')],
  ])('refuses a signed chunked body with %s', async (_, tamper) => {
    await put({}, 'before');
    const answer = await send(tamper, true);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expect(await read()).toBe('before');
  });

  it("decodes AWS's example for any division into pieces", async () => {
    const scope = '20130524/us-east-1/s3/aws4_request';
    const key = signingKey('wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY', scope);
    const seed = '106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e';
    const body = Buffer.from(
      `10000;chunk-signature=b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2\r\n${'a'.repeat(65536)}\r\n` +
        `400;chunk-signature=1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7\r\n${'a'.repeat(1024)}\r\n` +
        '0;chunk-signature=2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992\r\n' +
        'x-amz-checksum-crc32c:sOO8/Q==\r\n' +
        'x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(body.length), { maxLength: 20 }), async (cuts) => {
        const borders = [0, ...cuts.sort((a, b) => a - b), body.length];
        const pieces = borders.slice(1).map((end, i) => body.subarray(borders[i], end));
        let trailer = '';
        const decoded = awsChunked({
          chunks: (async function* () {
            yield* pieces;
          })(),
          trailer: 'x-amz-checksum-crc32c',
          signing: { context: { key, date: '20130524T000000Z', scope }, seed },
          onTrailer: (value) => {
            trailer = value;
          },
        });
        const data: Buffer[] = [];
        for await (const piece of decoded) data.push(piece);
        expect(Buffer.concat(data).equals(Buffer.alloc(66560, 'a'))).toBe(true);
        expect(trailer).toBe('sOO8/Q==');
      }),
      { numRuns: 30 },
    );
  });
});

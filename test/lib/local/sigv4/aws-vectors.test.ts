import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { headerValues } from '../../../../lib/local/sigv4/canonical-request.ts';
import { type SignedRequest, sign, signingKey, verifySignature } from '../../../../lib/local/sigv4/verify.ts';

// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html, sigv4-query-string-auth.html,
// sigv4-streaming.html and sigv4-streaming-trailers.html
const secret = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
const scope = '20130524/us-east-1/s3/aws4_request';
const empty = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const rules = {
  service: 's3',
  region: 'us-east-1',
  credentials: (id: string) => (id === 'AKIAIOSFODNN7EXAMPLE' ? secret : undefined),
  now: new Date('2013-05-24T00:00:00Z'),
};

interface Vector {
  readonly name: string;
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly payloadHash?: string;
  readonly signature: string;
}

const common = { host: 'examplebucket.s3.amazonaws.com', 'x-amz-date': '20130524T000000Z' };
const streamed = {
  host: 's3.amazonaws.com',
  'x-amz-date': '20130524T000000Z',
  'x-amz-storage-class': 'REDUCED_REDUNDANCY',
  'content-encoding': 'aws-chunked',
  'x-amz-decoded-content-length': '66560',
};

const vectors: readonly Vector[] = [
  {
    name: 'GET Object with a range',
    method: 'GET',
    target: '/test.txt',
    headers: { ...common, range: 'bytes=0-9' },
    signature: 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
  },
  {
    name: 'PUT Object with a dollar sign in the key',
    method: 'PUT',
    target: '/test$file.text',
    headers: { ...common, date: 'Fri, 24 May 2013 00:00:00 GMT', 'x-amz-storage-class': 'REDUCED_REDUNDANCY' },
    payloadHash: '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072',
    signature: '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
  },
  {
    name: 'GET Bucket Lifecycle, a parameter without a value',
    method: 'GET',
    target: '/?lifecycle',
    headers: common,
    signature: 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
  },
  {
    name: 'GET Bucket (List Objects)',
    method: 'GET',
    target: '/?max-keys=2&prefix=J',
    headers: common,
    signature: '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
  },
  {
    name: 'PUT Object in chunks, the seed',
    method: 'PUT',
    target: '/examplebucket/chunkObject.txt',
    headers: { ...streamed, 'content-length': '66824' },
    payloadHash: 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
    signature: '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9',
  },
  {
    name: 'PUT Object in chunks with trailers, the seed',
    method: 'PUT',
    target: '/examplebucket/chunkObject.txt',
    headers: { ...streamed, 'x-amz-trailer': 'x-amz-checksum-crc32c' },
    payloadHash: 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
    signature: '106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e',
  },
];

function request(vector: Vector): SignedRequest {
  const payloadHash = vector.payloadHash ?? empty;
  const headers = { ...vector.headers, 'x-amz-content-sha256': payloadHash };
  const signed = Object.keys(headers).sort().join(';');
  const authorization = `AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/${scope},SignedHeaders=${signed},Signature=${vector.signature}`;
  const [rawPath = '', rawQuery = ''] = vector.target.split('?');
  const rawHeaders = Object.entries({ ...headers, authorization }).flat();
  return { method: vector.method, rawPath, rawQuery, headers: headerValues(rawHeaders), payloadHash };
}

describe("AWS's published signatures", () => {
  it.each(vectors)('are accepted: $name', (vector) => {
    expect(verifySignature(request(vector), rules)).toMatchObject({ ok: true, accessKeyId: 'AKIAIOSFODNN7EXAMPLE' });
  });

  const presigned =
    'X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404';
  const presignedGet = {
    method: 'GET',
    rawPath: '/test.txt',
    rawQuery: presigned,
    headers: headerValues(['Host', 'examplebucket.s3.amazonaws.com']),
    payloadHash: 'UNSIGNED-PAYLOAD',
  };

  it.each(['2013-05-24T00:00:00Z', '2013-05-24T23:59:59Z', '2013-05-23T23:45:00Z'])(
    'are accepted for the presigned GET at %s',
    (now) => {
      expect(verifySignature(presignedGet, { ...rules, now: new Date(now) })).toMatchObject({ ok: true });
    },
  );

  it.each(['2013-05-25T00:00:00Z', '2013-05-23T23:44:59Z'])('are refused for the presigned GET at %s', (now) => {
    expect(verifySignature(presignedGet, { ...rules, now: new Date(now) })).toMatchObject({ code: 'AccessDenied' });
  });

  it('are computed for the chunks and the trailer of the streaming examples', () => {
    const context = { key: signingKey(secret, scope), date: '20130524T000000Z', scope };
    const hash = (text: string) => createHash('sha256').update(text).digest('hex');
    const chunk = (previous: string, data: string) =>
      sign(context, 'AWS4-HMAC-SHA256-PAYLOAD', previous, empty, hash(data));
    const first = chunk('106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e', 'a'.repeat(65536));
    const last = chunk(chunk(first, 'a'.repeat(1024)), '');
    expect(first).toBe('b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2');
    expect(last).toBe('2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992');
    expect(sign(context, 'AWS4-HMAC-SHA256-TRAILER', last, hash('x-amz-checksum-crc32c:sOO8/Q==\n'))).toBe(
      'd81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435',
    );
  });
});

import { randomBytes } from 'node:crypto';
import {
  ChecksumAlgorithm,
  CreateBucketCommand,
  DeleteObjectCommand,
  GetBucketLocationCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { testS3 } from '../../../support/test-s3.ts';

const s3 = await testS3();
afterAll(() => s3.close());

const Bucket = 'bucket';
const status = (httpStatusCode: number) => ({ $metadata: { httpStatusCode } });
const put = (Key: string, Body: string | Buffer, more: object = {}) =>
  s3.client.send(
    new PutObjectCommand({ Bucket, Key, Body: Buffer.from(Body), ContentLength: Buffer.byteLength(Body), ...more }),
  );
const get = async (Key: string, more: object = {}) => {
  const answer = await s3.client.send(new GetObjectCommand({ Bucket, Key, ...more }));
  return { ...answer, text: await answer.Body?.transformToString() };
};

describe('the buckets of the S3 stand-in', () => {
  it('can be created, found, located and listed', async () => {
    const { client, close } = await testS3();
    try {
      await client.send(new CreateBucketCommand({ Bucket: 'another.bucket' }));
      expect(await client.send(new HeadBucketCommand({ Bucket: 'another.bucket' }))).toMatchObject({
        BucketRegion: 'us-east-1',
      });
      expect((await client.send(new GetBucketLocationCommand({ Bucket }))).LocationConstraint).toBeFalsy();
      const { Buckets } = await client.send(new ListBucketsCommand());
      expect(Buckets?.map(({ Name }) => Name)).toEqual(['another.bucket', 'bucket']);
    } finally {
      await close();
    }
  });

  it('cannot be created twice', async () => {
    await expect(s3.client.send(new CreateBucketCommand({ Bucket }))).rejects.toMatchObject({
      name: 'BucketAlreadyOwnedByYou',
    });
  });

  it.each(['UPPER', 'a', '-a-b', 'a..b', '127.0.0.1', '..'])('cannot have the name %s', async (name) => {
    expect(await s3.sendSigned({ method: 'PUT', target: `/${name}` })).toMatchObject({ code: 'InvalidBucketName' });
  });

  it.each([
    [
      'another region',
      '<CreateBucketConfiguration><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>',
      'IllegalLocationConstraintException',
    ],
    [
      'an unsupported setting',
      '<CreateBucketConfiguration><Bucket><Type>Directory</Type></Bucket></CreateBucketConfiguration>',
      'NotImplemented',
    ],
    ['an open element', '<CreateBucketConfiguration>', 'MalformedXML'],
    ['another root element', '<Other/>', 'MalformedXML'],
    ['plain text', 'text', 'MalformedXML'],
    ['a DOCTYPE', '<!DOCTYPE x [<!ENTITY e "us-east-1">]><CreateBucketConfiguration/>', 'MalformedXML'],
    [
      'more than 2 MiB',
      `<CreateBucketConfiguration>${' '.repeat(2 * 1024 * 1024)}</CreateBucketConfiguration>`,
      'MaxMessageLengthExceeded',
    ],
  ])('cannot be created with a configuration of %s', async (_, body, code) => {
    expect(await s3.sendSigned({ method: 'PUT', target: '/new-bucket', body })).toMatchObject({ code });
  });

  it.each([
    ['GET', '/missing/key'],
    ['PUT', '/missing/key'],
    ['DELETE', '/missing/key'],
    ['GET', '/missing?list-type=2'],
    ['GET', '/missing?uploads='],
    ['POST', '/missing/key?uploads='],
    ['PUT', '/missing/key?partNumber=1&uploadId=x'],
  ])('answer NoSuchBucket if they do not exist: %s %s', async (method, target) => {
    expect(await s3.sendSigned({ method, target })).toMatchObject({ status: 404, code: 'NoSuchBucket' });
  });
});

describe('an object of the S3 stand-in', () => {
  it('is returned with the headers and metadata of its PUT', async () => {
    const description = {
      ContentType: 'application/x-xz',
      ContentEncoding: 'identity',
      ContentDisposition: 'attachment; filename="a b"',
      CacheControl: 'max-age=5',
      Metadata: { channel: 'nixos', rev: 'abc' },
    };
    const { ETag } = await put('described', 'hello', description);
    expect(ETag).toBe('"5d41402abc4b2a76b9719d911017c592"');
    expect(await get('described')).toMatchObject({ ...description, ETag, text: 'hello', AcceptRanges: 'bytes' });
    const head = await s3.client.send(new HeadObjectCommand({ Bucket, Key: 'described' }));
    expect(head).toMatchObject({ ...description, ETag, ContentLength: 5 });
    expect(Date.now() - (head.LastModified?.getTime() ?? 0)).toBeLessThan(60_000);
  });

  it.each([
    'a/../b',
    '../../../etc/passwd',
    './.',
    '%00',
    '\0',
    'a\nb',
    '//',
    'é😀',
    ' +&?#%',
    '__proto__',
    'x'.repeat(1024),
  ])('can have the key %j', async (key) => {
    const target = `/bucket/${encodeURIComponent(key).replaceAll('%2F', '/')}`;
    expect(await s3.sendSigned({ method: 'PUT', target, body: key })).toMatchObject({ status: 200 });
    expect(await s3.sendSigned({ method: 'GET', target })).toMatchObject({ status: 200, body: key });
    expect(await s3.sendSigned({ method: 'DELETE', target })).toMatchObject({ status: 204 });
  });

  it('has the number of tags of its PUT', async () => {
    await put('tagged', 'x', { Tagging: 'kind=release', IfNoneMatch: '*' });

    expect(await get('tagged')).toMatchObject({ TagCount: 1, text: 'x' });
  });

  it('has a key of at most 1024 bytes of UTF-8', async () => {
    expect(await s3.sendSigned({ method: 'PUT', target: `/bucket/${'%C3%A9'.repeat(513)}` })).toMatchObject({
      code: 'KeyTooLongError',
    });
    expect(await s3.send({ method: 'GET', target: '/bucket/%ff' })).toMatchObject({ status: 400, code: 'InvalidURI' });
    expect(await s3.send({ method: 'GET', target: 'http://elsewhere/bucket' })).toMatchObject({ code: 'InvalidURI' });
  });

  it('has at most 2 KB of metadata', async () => {
    await put('metadata', '', { Metadata: { a: 'x'.repeat(2047) } });
    await expect(put('metadata', '', { Metadata: { a: 'x'.repeat(2048) } })).rejects.toMatchObject({
      name: 'MetadataTooLarge',
    });
  });

  it('can be empty', async () => {
    await put('empty', '');
    expect(await get('empty')).toMatchObject({ text: '', ContentLength: 0, ContentType: 'application/octet-stream' });
  });

  it('does not exist after it is deleted, and deleting it again succeeds', async () => {
    await put('gone', 'x');
    await s3.client.send(new DeleteObjectCommand({ Bucket, Key: 'gone' }));
    await s3.client.send(new DeleteObjectCommand({ Bucket, Key: 'gone' }));
    await expect(get('gone')).rejects.toMatchObject({ name: 'NoSuchKey', ...status(404) });
    const head = await s3.sendSigned({ method: 'HEAD', target: '/bucket/gone' });
    expect(head).toMatchObject({ status: 404, body: '' });
  });

  it('is read to its end after it was replaced', async () => {
    const before = randomBytes(8 * 1024 * 1024);
    await put('replaced', before);
    const { Body } = await s3.client.send(new GetObjectCommand({ Bucket, Key: 'replaced' }));
    await put('replaced', 'after');
    expect(before.equals((await Body?.transformToByteArray()) ?? Buffer.alloc(0))).toBe(true);
    expect(await get('replaced')).toMatchObject({ text: 'after' });
  });

  it.each(Object.values(ChecksumAlgorithm).filter((name) => /^(CRC|SHA(1|256)$)/.test(name)))(
    'keeps its checksum %s',
    async (ChecksumAlgorithm) => {
      const stored = await put('sum', 'hello', { ChecksumAlgorithm });
      const found = await get('sum', { ChecksumMode: 'ENABLED' });
      const name = `Checksum${ChecksumAlgorithm}` as 'ChecksumCRC32';
      expect(found[name]).toBe(stored[name]);
      expect(found).toMatchObject({ text: 'hello', ChecksumType: 'FULL_OBJECT' });
    },
  );
});

describe('a GET with a Range header', () => {
  beforeAll(() => put('digits', '0123456789'));

  it.each([
    ['bytes=2-4', '234', 'bytes 2-4/10'],
    ['bytes=7-', '789', 'bytes 7-9/10'],
    ['bytes=-3', '789', 'bytes 7-9/10'],
    ['bytes=-30', '0123456789', 'bytes 0-9/10'],
    ['bytes=8-99', '89', 'bytes 8-9/10'],
  ])('returns a part for the range %s', async (Range, text, ContentRange) => {
    expect(await get('digits', { Range })).toMatchObject({ text, ContentRange, ...status(206) });
  });

  it.each(['bytes=4-2', 'bytes=0-1,3-4', 'lines=1-2', 'bytes=-', 'bytes=a-'])(
    'returns the whole object for the range %s',
    async (Range) => {
      expect(await get('digits', { Range })).toMatchObject({ text: '0123456789', ...status(200) });
    },
  );

  it.each(['bytes=10-', 'bytes=-0', 'bytes=99-100'])('refuses the range %s', async (range) => {
    const answer = await s3.sendSigned({ method: 'GET', target: '/bucket/digits', headers: { range } });
    expect(answer).toMatchObject({ status: 416, code: 'InvalidRange', headers: { 'content-range': 'bytes */10' } });
  });
});

describe('a conditional read', () => {
  const etag = '"5d41402abc4b2a76b9719d911017c592"';
  const past = 'Mon, 01 Jan 2024 00:00:00 GMT';
  const future = 'Mon, 01 Jan 2120 00:00:00 GMT';
  beforeAll(() => put('conditional', 'hello'));

  it.each<[Record<string, string>, number]>([
    [{ 'if-match': etag }, 200],
    [{ 'if-match': `"x", ${etag}` }, 200],
    [{ 'if-match': '*' }, 200],
    [{ 'if-match': '"x"' }, 412],
    [{ 'if-match': `W/${etag}` }, 412],
    [{ 'if-none-match': etag }, 304],
    [{ 'if-none-match': etag.slice(1, -1) }, 304],
    [{ 'if-none-match': `W/${etag}` }, 304],
    [{ 'if-none-match': '*' }, 304],
    [{ 'if-none-match': '"x"' }, 200],
    [{ 'if-modified-since': future }, 304],
    [{ 'if-modified-since': past }, 200],
    [{ 'if-modified-since': 'nonsense' }, 200],
    [{ 'if-unmodified-since': past }, 412],
    [{ 'if-unmodified-since': future }, 200],
    [{ 'if-match': etag, 'if-unmodified-since': past }, 200],
    [{ 'if-none-match': '"x"', 'if-modified-since': future }, 200],
    [{ 'if-match': '"x"', 'if-none-match': etag }, 412],
  ])('with %j is answered with %d', async (headers, expected) => {
    for (const method of ['GET', 'HEAD']) {
      const answer = await s3.sendSigned({ method, target: '/bucket/conditional', headers });
      expect(answer.status).toBe(expected);
      if (expected === 304) expect(answer).toMatchObject({ body: '', headers: { etag } });
    }
  });

  it('compares dates with the second of the last change', async () => {
    const { headers } = await s3.sendSigned({ method: 'HEAD', target: '/bucket/conditional' });
    const since = { 'if-modified-since': String(headers['last-modified']) };
    const until = { 'if-unmodified-since': String(headers['last-modified']) };
    expect(await s3.sendSigned({ method: 'GET', target: '/bucket/conditional', headers: since })).toMatchObject({
      status: 304,
    });
    expect(await s3.sendSigned({ method: 'GET', target: '/bucket/conditional', headers: until })).toMatchObject({
      status: 200,
    });
  });
});

describe('response overrides', () => {
  it('replace stored headers', async () => {
    await put('override', 'x', { ContentType: 'text/plain' });
    const overrides = {
      ResponseContentType: 'text/html',
      ResponseContentDisposition: 'attachment; filename="é"',
      ResponseCacheControl: 'no-store',
    };
    expect(await get('override', overrides)).toMatchObject({ ContentType: 'text/html', CacheControl: 'no-store' });
  });

  it('cannot inject another header', async () => {
    await put('override', 'x');
    const target = '/bucket/override?response-content-type=a%0D%0Aset-cookie%3Ax';
    expect(await s3.sendSigned({ method: 'GET', target })).toMatchObject({ status: 400, code: 'InvalidArgument' });
  });
});

describe('a conditional write', () => {
  it('with If-None-Match creates an object and never replaces one', async () => {
    await put('created', 'one', { IfNoneMatch: '*' });
    await expect(put('created', 'two', { IfNoneMatch: '*' })).rejects.toMatchObject({
      name: 'PreconditionFailed',
      ...status(412),
    });
    expect(await get('created')).toMatchObject({ text: 'one' });
  });

  it('with If-Match replaces only the version that it names', async () => {
    const { ETag } = await put('swapped', 'one');
    await put('swapped', 'two', { IfMatch: ETag });
    await expect(put('swapped', 'three', { IfMatch: ETag })).rejects.toMatchObject({ name: 'PreconditionFailed' });
    await expect(put('never', 'x', { IfMatch: ETag })).rejects.toMatchObject({ name: 'NoSuchKey', ...status(404) });
    expect(await get('swapped')).toMatchObject({ text: 'two' });
  });

  it('with If-None-Match and an ETag is not implemented', async () => {
    await expect(put('created', 'x', { IfNoneMatch: '"x"' })).rejects.toMatchObject({ name: 'NotImplemented' });
  });

  it('with If-Match deletes only the version that it names', async () => {
    const { ETag } = await put('deleted', 'one');
    const remove = (IfMatch: string | undefined) =>
      s3.client.send(new DeleteObjectCommand({ Bucket, Key: 'deleted', IfMatch }));
    await expect(remove('"x"')).rejects.toMatchObject({ name: 'PreconditionFailed' });
    await remove(ETag);
    await expect(get('deleted')).rejects.toMatchObject({ name: 'NoSuchKey' });
  });

  it('succeeds for exactly one of fifty concurrent writers, in each round', async () => {
    let { ETag } = await put('contested', 'start');
    for (let round = 0; round < 5; round++) {
      const condition = round === 0 ? { IfNoneMatch: '*' } : { IfMatch: ETag };
      const key = round === 0 ? 'contested-new' : 'contested';
      const tries = await Promise.allSettled(
        Array.from({ length: 50 }, (_, i) => put(key, `${round} ${i} ${'x'.repeat(i * 1000)}`, condition)),
      );
      const wins = tries.flatMap((one, i) => (one.status === 'fulfilled' ? [{ i, ETag: one.value.ETag }] : []));
      const refused = tries.flatMap((one) => (one.status === 'rejected' ? [one.reason.name] : []));
      expect(wins).toHaveLength(1);
      expect(new Set(refused)).toEqual(new Set(['PreconditionFailed']));
      expect((await get(key)).text).toMatch(new RegExp(`^${round} ${wins[0]?.i} x*$`));
      if (round > 0) ETag = wins[0]?.ETag;
    }
  });
});

describe('a listing', () => {
  const list = (input: object) => s3.client.send(new ListObjectsV2Command({ Bucket: 'listed', ...input }));
  const names = async (input: object) => {
    const { Contents = [], CommonPrefixes = [] } = await list(input);
    return [...Contents.map(({ Key }) => Key), ...CommonPrefixes.map(({ Prefix }) => Prefix)];
  };
  const keys = ['a', 'b/1', 'b/2', 'b/c/3', 'b0', 'c d+é&<', '\u{e000}', '\u{1f600}'];
  beforeAll(async () => {
    await s3.client.send(new CreateBucketCommand({ Bucket: 'listed' }));
    for (const Key of keys) await s3.client.send(new PutObjectCommand({ Bucket: 'listed', Key, Body: 'x' }));
  });

  it('is sorted by the UTF-8 bytes of the keys', async () => {
    expect(await names({})).toEqual(keys);
  });

  it('has the size, ETag and date of each object', async () => {
    const { Contents } = await list({ MaxKeys: 1 });
    expect(Contents?.[0]).toMatchObject({
      Key: 'a',
      Size: 1,
      ETag: '"9dd4e461268c8034f5c8564e155c67a6"',
      StorageClass: 'STANDARD',
    });
    expect(Contents?.[0]?.LastModified?.getTime()).toBeGreaterThan(0);
  });

  it.each([
    [{ Prefix: 'b' }, ['b/1', 'b/2', 'b/c/3', 'b0']],
    [{ Prefix: 'b/', Delimiter: '/' }, ['b/1', 'b/2', 'b/c/']],
    [{ Delimiter: '/', MaxKeys: 3 }, ['a', 'b0', 'b/']],
    [{ StartAfter: 'b/2', Prefix: 'b' }, ['b/c/3', 'b0']],
    [{ Prefix: 'none' }, []],
    [{ MaxKeys: 0 }, []],
    [{ EncodingType: 'url', Prefix: 'c' }, ['c%20d%2B%C3%A9%26%3C']],
  ] as const)('with %j returns %j', async (input, expected) => {
    expect(await names(input)).toEqual(expected);
  });

  it.each([1, 2, 3])('returns all keys in pages of %d', async (MaxKeys) => {
    for (const [Delimiter, all] of [
      [undefined, keys],
      ['/', ['a', 'b/', ...keys.slice(4)]],
    ] as const) {
      const seen: (string | undefined)[] = [];
      for (let ContinuationToken: string | undefined, more = true; more; more = ContinuationToken !== undefined) {
        const page = await list({ MaxKeys, Delimiter, ContinuationToken });
        seen.push(
          ...[
            ...(page.Contents ?? []).map(({ Key }) => Key),
            ...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix),
          ].sort(),
        );
        expect(page.IsTruncated).toBe(page.NextContinuationToken !== undefined);
        ContinuationToken = page.NextContinuationToken;
      }
      expect(new Set(seen)).toEqual(new Set(all));
      expect(seen).toHaveLength(all.length);
    }
  });

  it.each(['max-keys=x', 'max-keys=-1', 'continuation-token=%21', 'encoding-type=base64'])(
    'refuses the parameter %s',
    async (query) => {
      expect(await s3.sendSigned({ method: 'GET', target: `/listed?list-type=2&${query}` })).toMatchObject({
        code: 'InvalidArgument',
      });
    },
  );
});

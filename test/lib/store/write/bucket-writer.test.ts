import { CreateBucketCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { describe, expect, it } from '@jest/globals';
import { type BucketWriter, createBucketWriter } from '../../../../lib/store/write/bucket-writer.ts';
import { answeringS3 } from '../../../support/answering-s3.ts';
import { testS3 } from '../../../support/test-s3.ts';

const failure = (status: number | undefined, name = 'Failure') =>
  Object.assign(new Error(name), { name, ...(status === undefined ? {} : { $metadata: { httpStatusCode: status } }) });

function rig(...answers: object[]) {
  const { sent, client } = answeringS3(...answers);
  return { sent, client, bucket: createBucketWriter(client, 'tarballs') };
}

const parts = [{ partNumber: 1, etag: '"p1"', sha256: 'aGFzaA==' }];
const calls: Readonly<Record<string, (bucket: BucketWriter) => Promise<unknown>>> = {
  readText: (bucket) => bucket.readText('demo.json'),
  writeText: (bucket) => bucket.writeText('demo.json', '{}', 'if-absent'),
  head: (bucket) => bucket.head('a-1.tar.xz'),
  openUpload: (bucket) => bucket.openUpload('a-1.tar.xz', {}),
  listParts: (bucket) => bucket.listParts('a-1.tar.xz', 'u'),
  completeUpload: (bucket) => bucket.completeUpload('a-1.tar.xz', 'u', parts, 7),
  abortUpload: (bucket) => bucket.abortUpload('a-1.tar.xz', 'u'),
  listKeys: (bucket) => bucket.listKeys(undefined, 2),
  listUploads: (bucket) => bucket.listUploads(undefined, 2),
};
const call = (name: string, bucket: BucketWriter) => calls[name]?.(bucket);

describe('createBucketWriter', () => {
  it('gives a text with its entity tag', async () => {
    const { bucket, sent } = rig({ Body: { transformToString: async () => '{}' }, ETag: '"e1"' });
    expect(await bucket.readText('demo.json')).toEqual({ text: '{}', etag: '"e1"' });
    expect(sent).toEqual([{ name: 'GetObjectCommand', input: { Bucket: 'tarballs', Key: 'demo.json' } }]);
  });

  it.each([
    ['only if the key is unused', 'if-absent' as const, { IfNoneMatch: '*' }, 'IfMatch'],
    ['only over the version that was read', { ifMatch: '"e1"' }, { IfMatch: '"e1"' }, 'IfNoneMatch'],
  ])('writes a text %s', async (_, condition, expected, other) => {
    const { bucket, sent } = rig();
    expect(await bucket.writeText('demo.json', '{}', condition)).toBe('written');
    expect(sent[0]?.input).toMatchObject({ Body: '{}', ContentType: 'application/json', ...expected });
    expect(sent[0]?.input).toHaveProperty('ChecksumAlgorithm', 'SHA256');
    expect(sent[0]?.input).not.toHaveProperty(other);
  });

  it('describes an object with its metadata, which may be empty', async () => {
    const { bucket } = rig(
      { ETag: '"e1"', ContentLength: 0, Metadata: { channel: 'a' } },
      { ETag: '"e1"', ContentLength: 7 },
    );
    expect(await bucket.head('a-1.tar.xz')).toEqual({ etag: '"e1"', size: 0, metadata: { channel: 'a' } });
    expect(await bucket.head('a-1.tar.xz')).toEqual({ etag: '"e1"', size: 7, metadata: {} });
  });

  it('describes an object with its Content-Encoding', async () => {
    const { bucket } = rig({ ETag: '"e1"', ContentLength: 7, ContentEncoding: 'xz' });
    expect(await bucket.head('a-1.tar.xz')).toMatchObject({ contentEncoding: 'xz' });
  });

  it('opens an upload whose parts have SHA-256s', async () => {
    const { bucket, sent } = rig({ UploadId: '~up/load+1=' });
    expect(await bucket.openUpload('a-1.tar.xz', { channel: 'a' })).toBe('~up/load+1=');
    expect(sent[0]?.input).toMatchObject({ ChecksumAlgorithm: 'SHA256', Metadata: { channel: 'a' } });
    expect(sent[0]?.input).not.toHaveProperty('Tagging');
  });

  it('tags a release where tagging is configured', async () => {
    const { client, sent } = rig({ UploadId: '~up/load+1=' });
    await createBucketWriter(client, 'tarballs', { tagReleases: true }).openUpload('a-1.tar.xz', {});
    expect(sent[0]?.input).toHaveProperty('Tagging', 'kind=release');
  });

  it('gives a retired release the tag by which the lifecycle deletes it', async () => {
    const { bucket, sent } = rig({});
    expect(await bucket.tagRetired('a-1.tar.xz')).toBe('tagged');
    expect(sent).toMatchObject([
      {
        name: 'PutObjectTaggingCommand',
        input: { Bucket: 'tarballs', Key: 'a-1.tar.xz', Tagging: { TagSet: [{ Key: 'kind', Value: 'retired' }] } },
      },
    ]);
  });

  it.each([
    [404, 'absent'],
    [403, { refused: 'Failure' }],
    [501, { refused: 'Failure' }],
    [400, { refused: 'Failure' }],
    [405, { refused: 'Failure' }],
  ])('takes %d for the answer to a tag', async (httpStatusCode, expected) => {
    expect(await rig(failure(httpStatusCode)).bucket.tagRetired('a-1.tar.xz')).toEqual(expected);
  });

  it.each([500, 503, undefined])('tries a tag again later that was answered with %s', async (httpStatusCode) => {
    await expect(rig(failure(httpStatusCode)).bucket.tagRetired('a-1.tar.xz')).rejects.toThrow(
      'The bucket did not answer as expected',
    );
  });

  it("reads the store's clock, whether the bucket has a catalog or not", async () => {
    let time = Date.now() + 60_000;
    const clocked = await testS3({ clock: () => new Date(time) });
    try {
      const second = (milliseconds: number): number => Math.floor(milliseconds / 1_000) * 1_000;
      await clocked.client.send(new CreateBucketCommand({ Bucket: 'bucket' }));
      expect(await createBucketWriter(clocked.client, 'bucket').time()).toBe(second(time));
      time += 5_000;
      await clocked.client.send(new PutObjectCommand({ Bucket: 'bucket', Key: 'channels.json', Body: '{}' }));
      expect(await createBucketWriter(clocked.client, 'bucket').time()).toBe(second(time));
    } finally {
      await clocked.close();
    }
  });

  it('lists the parts of every page', async () => {
    const page = (PartNumber: number) => ({
      Parts: [{ PartNumber, Size: 1, ETag: '"p"', ChecksumSHA256: 'aGFzaA==' }],
    });
    const { bucket, sent } = rig({ ...page(1), IsTruncated: true, NextPartNumberMarker: '1' }, page(2), {});
    expect(await bucket.listParts('a-1.tar.xz', 'u')).toMatchObject([
      { partNumber: 1 },
      { partNumber: 2, sha256: 'aGFzaA==' },
    ]);
    expect(sent.map(({ input }) => input.PartNumberMarker)).toEqual([undefined, '1']);
    expect(await bucket.listParts('a-1.tar.xz', 'u')).toEqual([]);
  });

  it('completes an upload only if the key is unused, with the size and SHA-256s that were declared', async () => {
    const { bucket, sent } = rig();
    expect(await bucket.completeUpload('a-1.tar.xz', 'u', parts, 7)).toBe('completed');
    expect(sent[0]?.input).toMatchObject({
      IfNoneMatch: '*',
      MpuObjectSize: 7,
      MultipartUpload: { Parts: [{ PartNumber: 1, ETag: '"p1"', ChecksumSHA256: 'aGFzaA==' }] },
    });
  });

  it.each<[string, number, unknown]>([
    ['readText', 404, undefined],
    ['head', 404, undefined],
    ['listParts', 404, undefined],
    ['abortUpload', 404, undefined],
    ['writeText', 412, 'changed'],
    ['writeText', 409, 'changed'],
    ['writeText', 404, 'changed'],
    ['completeUpload', 412, 'taken'],
    ['completeUpload', 409, 'conflict'],
    ['completeUpload', 404, 'gone'],
  ])('%s turns the status %i of S3 into %j', async (name, status, answer) => {
    const { bucket } = rig(failure(status));
    expect(await call(name, bucket)).toBe(answer);
  });

  it.each(Object.keys(calls))('%s throws Unavailable for every other failure', async (name) => {
    for (const cause of [
      failure(403),
      failure(500),
      failure(503),
      failure(undefined, 'TimeoutError'),
      failure(404, 'NoSuchBucket'),
    ]) {
      const { bucket } = rig(cause);
      await expect(call(name, bucket)).rejects.toMatchObject({ status: 503, cause });
    }
  });

  it.each(['readText', 'head', 'openUpload'])(
    "%s throws Unavailable where S3's answer lacks a required field",
    async (name) => {
      const { bucket } = rig({ Body: { transformToString: async () => '' } });
      await expect(call(name, bucket)).rejects.toMatchObject({ status: 503 });
    },
  );

  it('throws Unavailable where a body breaks off', async () => {
    const { bucket } = rig({
      Body: { transformToString: () => Promise.reject(failure(undefined, 'ECONNRESET')) },
      ETag: '"e"',
    });
    await expect(bucket.readText('demo.json')).rejects.toMatchObject({ status: 503 });
  });
});

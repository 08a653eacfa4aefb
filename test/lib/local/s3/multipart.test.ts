import { createHash } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { testS3 } from '../../../support/test-s3.ts';

const s3 = await testS3();
afterAll(() => s3.close());

const Bucket = 'bucket';
const smallest = 5 * 1024 * 1024;
const first = Buffer.alloc(smallest, 'a');
const second = Buffer.from('the end');
const sha256 = (data: Buffer) => createHash('sha256').update(data).digest();
const md5 = (data: Buffer) => createHash('md5').update(data).digest();

async function open(
  Key: string,
  more: object = { ChecksumAlgorithm: 'SHA256' },
): Promise<{ Bucket: string; Key: string; UploadId: string }> {
  const { UploadId = '' } = await s3.client.send(new CreateMultipartUploadCommand({ Bucket, Key, ...more }));
  return { Bucket, Key, UploadId };
}

type Upload = Awaited<ReturnType<typeof open>>;

async function part(
  upload: Upload,
  PartNumber: number,
  Body: Buffer,
  more: object = { ChecksumAlgorithm: 'SHA256' },
): Promise<CompletedPart> {
  const { ETag, ChecksumSHA256, ChecksumCRC32, ChecksumCRC64NVME } = await s3.client.send(
    new UploadPartCommand({ ...upload, PartNumber, Body, ...more }),
  );
  return { PartNumber, ETag, ChecksumSHA256, ChecksumCRC32, ChecksumCRC64NVME };
}

const complete = (upload: Upload, Parts: CompletedPart[], more: object = {}) =>
  s3.client.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts }, ...more }));

const get = async (Key: string, more: object = {}) => {
  const answer = await s3.client.send(new GetObjectCommand({ Bucket, Key, ...more }));
  return { ...answer, bytes: Buffer.from((await answer.Body?.transformToByteArray()) ?? []) };
};

describe('a multipart upload', () => {
  it('becomes one object with a composite ETag and checksum', async () => {
    const upload = await open('whole', {
      ChecksumAlgorithm: 'SHA256',
      ContentType: 'application/x-xz',
      Metadata: { rev: '1' },
    });
    const parts = [await part(upload, 1, first), await part(upload, 7, second)];
    await expect(get('whole')).rejects.toMatchObject({ name: 'NoSuchKey' });
    const answer = await complete(upload, parts, { MpuObjectSize: smallest + second.length });
    const etag = `"${md5(Buffer.concat([md5(first), md5(second)])).toString('hex')}-2"`;
    const checksum = `${sha256(Buffer.concat([sha256(first), sha256(second)])).toString('base64')}-2`;
    expect(answer).toMatchObject({ ETag: etag, ChecksumSHA256: checksum, ChecksumType: 'COMPOSITE' });
    const found = await get('whole', { ChecksumMode: 'ENABLED' });
    expect(found).toMatchObject({
      ETag: etag,
      ChecksumSHA256: checksum,
      ContentType: 'application/x-xz',
      Metadata: { rev: '1' },
    });
    expect(found.bytes.equals(Buffer.concat([first, second]))).toBe(true);
  });

  it('is refused with too many tags, and keeps the number of its tags', async () => {
    const Tagging = (count: number) => Array.from({ length: count }, (_, number) => `t${number}=v`).join('&');
    const more = { ChecksumAlgorithm: 'SHA256' };
    await expect(open('tagged', { ...more, Tagging: Tagging(11) })).rejects.toMatchObject({ name: 'InvalidTag' });
    const upload = await open('tagged', { ...more, Tagging: Tagging(2) });
    await complete(upload, [await part(upload, 1, second)]);
    expect(await get('tagged')).toMatchObject({ TagCount: 2, Metadata: {} });
  });

  it('can be read across the boundary of its parts', async () => {
    const upload = await open('border');
    await complete(upload, [await part(upload, 1, first), await part(upload, 2, second)]);
    const { bytes } = await get('border', { Range: `bytes=${smallest - 2}-${smallest + 2}` });
    expect(bytes.toString()).toBe('aathe');
    expect((await get('border', { Range: 'bytes=-4' })).bytes.toString()).toBe(' end');
  });

  it('is read to its end after it was replaced', async () => {
    const upload = await open('replaced');
    await complete(upload, [await part(upload, 1, first), await part(upload, 2, second)]);
    const { Body } = await s3.client.send(new GetObjectCommand({ Bucket, Key: 'replaced' }));
    await s3.client.send(new PutObjectCommand({ Bucket, Key: 'replaced', Body: 'other' }));
    await setTimeout(50);
    const bytes = Buffer.from((await Body?.transformToByteArray()) ?? []);
    expect(bytes.equals(Buffer.concat([first, second]))).toBe(true);
  });

  it.each(['CRC32', 'CRC32C', 'CRC64NVME'] as const)(
    'has a full-object checksum with %s',
    async (ChecksumAlgorithm) => {
      const upload = await open('full', { ChecksumAlgorithm, ChecksumType: 'FULL_OBJECT' });
      const parts = [
        await part(upload, 1, first, { ChecksumAlgorithm }),
        await part(upload, 2, second, { ChecksumAlgorithm }),
      ];
      const answer = await complete(upload, parts);
      const single = await s3.client.send(
        new PutObjectCommand({ Bucket, Key: 'single', Body: Buffer.concat([first, second]), ChecksumAlgorithm }),
      );
      const name = `Checksum${ChecksumAlgorithm}` as const;
      expect(answer[name]).toBe(single[name]);
      expect(answer.ChecksumType).toBe('FULL_OBJECT');
    },
  );

  it('lists its parts in pages, with the newest of each number', async () => {
    const upload = await open('parts');
    await part(upload, 2, Buffer.from('old'));
    for (const number of [3, 1, 2]) await part(upload, number, Buffer.from(`part ${number}`));
    const page = await s3.client.send(new ListPartsCommand({ ...upload, MaxParts: 2 }));
    expect(page).toMatchObject({
      IsTruncated: true,
      NextPartNumberMarker: '2',
      ChecksumAlgorithm: 'SHA256',
      ChecksumType: 'COMPOSITE',
    });
    expect(page.Parts).toMatchObject(
      [1, 2].map((number) => ({
        PartNumber: number,
        Size: 6,
        ChecksumSHA256: sha256(Buffer.from(`part ${number}`)).toString('base64'),
      })),
    );
    const rest = await s3.client.send(new ListPartsCommand({ ...upload, PartNumberMarker: '2' }));
    expect(rest).toMatchObject({ IsTruncated: false, Parts: [{ PartNumber: 3 }] });
  });

  it('is listed until it is completed or aborted', async () => {
    const uploads = [await open('list/b', {}), await open('list/a', {}), await open('list/b', {})];
    const list = async (more: object) =>
      s3.client.send(new ListMultipartUploadsCommand({ Bucket, Prefix: 'list/', ...more }));
    const page = await list({ MaxUploads: 2 });
    expect(page.Uploads?.map(({ Key }) => Key)).toEqual(['list/a', 'list/b']);
    const rest = await list({ KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker });
    expect(rest.Uploads?.map(({ Key }) => Key)).toEqual(['list/b']);
    expect(new Set([...(page.Uploads ?? []), ...(rest.Uploads ?? [])].map(({ UploadId }) => UploadId))).toEqual(
      new Set(uploads.map(({ UploadId }) => UploadId)),
    );
    for (const upload of uploads) await s3.client.send(new AbortMultipartUploadCommand(upload));
    expect((await list({})).Uploads ?? []).toEqual([]);
  });

  it('does not exist after it is completed or aborted', async () => {
    const completed = await open('over');
    const parts = [await part(completed, 1, second)];
    await complete(completed, parts);
    const aborted = await open('over');
    await part(aborted, 1, second);
    await s3.client.send(new AbortMultipartUploadCommand(aborted));
    for (const upload of [completed, aborted, { ...(await open('over')), Key: 'other' }]) {
      const refusal = { name: 'NoSuchUpload', $metadata: { httpStatusCode: 404 } };
      await expect(complete(upload, parts)).rejects.toMatchObject(refusal);
      await expect(part(upload, 1, second)).rejects.toMatchObject(refusal);
      await expect(s3.client.send(new ListPartsCommand(upload))).rejects.toMatchObject(refusal);
      await expect(s3.client.send(new AbortMultipartUploadCommand(upload))).rejects.toMatchObject(refusal);
    }
    expect((await get('over')).bytes).toEqual(second);
  });

  it.each(['0', '10001', '1.5', 'x', ''])('refuses the part number %j', async (number) => {
    const { UploadId } = await open('numbers', {});
    const target = `/bucket/numbers?partNumber=${number}&uploadId=${UploadId}`;
    expect(await s3.sendSigned({ method: 'PUT', target })).toMatchObject({ status: 400, code: 'InvalidArgument' });
  });

  it('refuses parts with another checksum algorithm', async () => {
    const refusal = { name: 'InvalidRequest', message: expect.stringContaining('Checksum Type mismatch occurred') };
    await expect(part(await open('sums'), 1, second, { ChecksumAlgorithm: 'CRC32' })).rejects.toMatchObject(refusal);
    const { UploadId } = await open('sums');
    const target = `/bucket/sums?partNumber=1&uploadId=${UploadId}`;
    expect(await s3.sendSigned({ method: 'PUT', target, body: 'x' })).toMatchObject({ code: 'InvalidRequest' });
  });

  it.each([
    [{ 'x-amz-checksum-algorithm': 'MD4' }],
    [{ 'x-amz-checksum-algorithm': 'constructor' }],
    [{ 'x-amz-checksum-algorithm': 'SHA256', 'x-amz-checksum-type': 'FULL_OBJECT' }],
    [{ 'x-amz-checksum-algorithm': 'CRC64NVME', 'x-amz-checksum-type': 'COMPOSITE' }],
    [{ 'x-amz-checksum-type': 'COMPOSITE' }],
  ])('cannot be created with %j', async (headers) => {
    const answer = await s3.sendSigned({ method: 'POST', target: '/bucket/opened?uploads=', headers });
    expect(answer).toMatchObject({ status: 400, code: 'InvalidRequest' });
  });
});

describe('CompleteMultipartUpload', () => {
  let upload: Upload;
  let one: CompletedPart;
  let two: CompletedPart;
  beforeAll(async () => {
    upload = await open('refused');
    [one, two] = [await part(upload, 1, first), await part(upload, 2, second)];
  });

  it.each<[string, () => CompletedPart[], string, object]>([
    ['parts out of order', () => [two, one], 'InvalidPartOrder', {}],
    ['a repeated part', () => [one, one], 'InvalidPartOrder', {}],
    ['a part that was not uploaded', () => [one, two, { ...two, PartNumber: 3 }], 'InvalidPart', {}],
    ['another ETag', () => [one, { ...two, ETag: one.ETag }], 'InvalidPart', {}],
    ['another checksum', () => [one, { ...two, ChecksumSHA256: one.ChecksumSHA256 }], 'InvalidPart', {}],
    ['a missing checksum', () => [one, { ...two, ChecksumSHA256: undefined }], 'InvalidRequest', {}],
    ['an empty list of parts', () => [], 'MalformedXML', {}],
    ['another size', () => [one, two], 'InvalidRequest', { MpuObjectSize: 5 }],
    [
      'another checksum of the object',
      () => [one, two],
      'BadDigest',
      { ChecksumSHA256: sha256(first).toString('base64') },
    ],
    ['another checksum type', () => [one, two], 'InvalidRequest', { ChecksumType: 'FULL_OBJECT' }],
  ])('refuses %s', async (_, parts, name, more) => {
    await expect(complete(upload, parts(), more)).rejects.toMatchObject({ name, $metadata: { httpStatusCode: 400 } });
  });

  it('refuses a part below 5 MiB that is not the last', async () => {
    const small = await open('small');
    const parts = [await part(small, 1, second), await part(small, 2, second)];
    await expect(complete(small, parts)).rejects.toMatchObject({ name: 'EntityTooSmall' });
  });

  it.each([
    ['no ETag', '<CompleteMultipartUpload><Part><PartNumber>1</PartNumber></Part></CompleteMultipartUpload>'],
    [
      'an invalid part number',
      '<CompleteMultipartUpload><Part><PartNumber>x</PartNumber><ETag>"y"</ETag></Part></CompleteMultipartUpload>',
    ],
    ['open elements', '<CompleteMultipartUpload><Part>'],
    [
      'an entity',
      '<!DOCTYPE a [<!ENTITY b "c">]><CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>&b;</ETag></Part></CompleteMultipartUpload>',
    ],
    [
      '10,001 parts',
      `<CompleteMultipartUpload>${'<Part><PartNumber>1</PartNumber><ETag>a</ETag></Part>'.repeat(10_001)}</CompleteMultipartUpload>`,
    ],
    ['deep nesting', '<a>'.repeat(2000)],
    ['JSON', '{}'],
    ['no content', ''],
  ])('refuses a body with %s', async (_, body) => {
    const answer = await s3.sendSigned({ method: 'POST', target: `/bucket/refused?uploadId=${upload.UploadId}`, body });
    expect(answer).toMatchObject({ status: 400, code: 'MalformedXML' });
  });

  it('checks its conditions, and keeps the upload after a refusal', async () => {
    const upload = await open('conditional');
    const parts = [await part(upload, 1, second)];
    const { ETag } = await s3.client.send(new PutObjectCommand({ Bucket, Key: 'conditional', Body: 'x' }));
    await expect(complete(upload, parts, { IfNoneMatch: '*' })).rejects.toMatchObject({
      name: 'PreconditionFailed',
      $metadata: { httpStatusCode: 412 },
    });
    await expect(complete(upload, parts, { IfMatch: '"x"' })).rejects.toMatchObject({ name: 'PreconditionFailed' });
    await complete(upload, parts, { IfMatch: ETag });
    expect((await get('conditional')).bytes).toEqual(second);
  });

  it('with If-None-Match succeeds for one of many concurrent uploads', async () => {
    const uploads = await Promise.all(Array.from({ length: 20 }, () => open('contested')));
    const parts = await Promise.all(uploads.map((upload, i) => part(upload, 1, Buffer.from(`${i}`))));
    const tries = await Promise.allSettled(
      uploads.map((upload, i) => complete(upload, [parts[i] ?? {}], { IfNoneMatch: '*' })),
    );
    const winners = tries.flatMap((one, i) => (one.status === 'fulfilled' ? [i] : []));
    expect(winners).toHaveLength(1);
    expect((await get('contested')).bytes.toString()).toBe(`${winners[0]}`);
  });

  it('succeeds once for concurrent requests of the same upload', async () => {
    const upload = await open('twice', { ChecksumAlgorithm: 'CRC64NVME' });
    const parts = [await part(upload, 1, second, { ChecksumAlgorithm: 'CRC64NVME' })];
    const tries = await Promise.allSettled(Array.from({ length: 10 }, () => complete(upload, parts)));
    const refused = tries.flatMap((one) => (one.status === 'rejected' ? [one.reason.name] : []));
    expect(refused).toEqual(Array(9).fill('NoSuchUpload'));
    expect((await get('twice')).bytes).toEqual(second);
  });
});

describe('a presigned URL for a part', () => {
  const checksum = sha256(second).toString('base64');
  const presign = async (upload: Upload) => {
    const command = new UploadPartCommand({
      ...upload,
      PartNumber: 1,
      ChecksumSHA256: checksum,
      ContentLength: second.length,
    });
    const options = {
      unhoistableHeaders: new Set(['x-amz-checksum-sha256']),
      signableHeaders: new Set(['host', 'content-length']),
    };
    const url = new URL(await getSignedUrl(s3.client, command, options));
    return url.pathname + url.search;
  };
  const put = (target: string, body: Buffer, sum: string | undefined = checksum) =>
    s3.send({ method: 'PUT', target, body, headers: { ...(sum ? { 'x-amz-checksum-sha256': sum } : {}) } });

  it('accepts the bytes that it was signed for', async () => {
    const upload = await open('presigned');
    expect(await put(await presign(upload), second)).toMatchObject({
      status: 200,
      headers: { 'x-amz-checksum-sha256': checksum },
    });
    expect((await s3.client.send(new ListPartsCommand(upload))).Parts).toMatchObject([
      { ChecksumSHA256: checksum, Size: 7 },
    ]);
  });

  it('refuses other bytes, another length, another checksum or no checksum', async () => {
    const upload = await open('presigned');
    const target = await presign(upload);
    const other = Buffer.from('the eNd');
    expect(await put(target, other)).toMatchObject({ status: 400, code: 'BadDigest' });
    expect(await put(target, Buffer.from('more than that'))).toMatchObject({
      status: 403,
      code: 'SignatureDoesNotMatch',
    });
    expect(await put(target, other, sha256(other).toString('base64'))).toMatchObject({ code: 'SignatureDoesNotMatch' });
    expect(await put(target, second, '')).toMatchObject({ code: 'SignatureDoesNotMatch' });
    expect((await s3.client.send(new ListPartsCommand(upload))).Parts ?? []).toEqual([]);
  });
});

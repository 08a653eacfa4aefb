import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { HeaderValues } from '../sigv4/canonical-request.ts';
import { bodyPlan, readSmallBody, receiveBody } from './body.ts';
import { assertBucketExists } from './buckets.ts';
import { checksumHeaders } from './checksums.ts';
import { type ByteRange, byteRange, checkReadConditions, checkWriteCondition } from './conditions.ts';
import { S3Error } from './errors.ts';
import { headerText, type S3Handler, type S3Request, singleHeader } from './request.ts';
import type { BlobFiles } from './store/files.ts';
import type { Blob, ObjectDescription, ObjectRecord } from './store/records.ts';
import { describeTags, parseTagHeader } from './tagging.ts';

const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0);

/** The bytes from first to last of a sequence of blobs. The caller must hold the blobs. */
export async function* readBlobs(
  files: BlobFiles,
  blobs: readonly Blob[],
  { first, last }: ByteRange,
): AsyncGenerator<Buffer> {
  let begin = 0;
  for (const blob of blobs) {
    const [start, end] = [Math.max(first - begin, 0), Math.min(last - begin, blob.size - 1)];
    if (start <= end) {
      const file = await open(files.path(blob), flags);
      yield* file.createReadStream({ start, end, highWaterMark: 256 * 1024 });
    }
    begin += blob.size;
  }
}

/** GetObject and HeadObject: the server does not send the body for HEAD. */
export const getObject: S3Handler = async (request, { store }) => {
  await readSmallBody(request);
  const { bucket, key, headers } = request;
  assertBucketExists(store, bucket);
  const object = store.object(bucket, key);
  if (!object) throw new S3Error('NoSuchKey', undefined, { details: { Key: key } });
  checkReadConditions(headers, object);
  const range = byteRange(singleHeader(headers, 'range'), object.size);
  const { first, last } = range ?? { first: 0, last: object.size - 1 };
  store.blobs.hold(object.blobs);
  return {
    status: range ? 206 : 200,
    headers: {
      ...objectHeaders(object, request),
      'Content-Length': last - first + 1,
      ...(range ? { 'Content-Range': `bytes ${first}-${last}/${object.size}` } : {}),
      // The checksum of the whole object does not apply to a range.
      ...(range || singleHeader(headers, 'x-amz-checksum-mode') !== 'ENABLED' ? {} : checksumHeaders(object.checksum)),
    },
    body: readBlobs(store.blobs, object.blobs, { first, last }),
    release: () => store.blobs.release(object.blobs),
  };
};

function objectHeaders(object: ObjectRecord, { parameters }: S3Request): Record<string, string> {
  const metadata = Object.entries(object.metadata).map(([name, value]) => [`x-amz-meta-${name}`, value]);
  const overrides = [...parameters]
    .filter(([name]) => name.startsWith('response-'))
    .map(([name, value]) => [name.slice('response-'.length), headerText(value)]);
  return {
    'accept-ranges': 'bytes',
    etag: `"${object.etag}"`,
    'last-modified': new Date(object.lastModified).toUTCString(),
    'content-type': 'binary/octet-stream',
    ...object.headers,
    ...Object.fromEntries(metadata),
    ...Object.fromEntries(overrides),
  };
}

const storedHeaders = [
  'content-type',
  'content-encoding',
  'content-language',
  'content-disposition',
  'cache-control',
  'expires',
];
const maxMetadataBytes = 2048;

/** The headers of a write that readers of the object get back. */
export function describeObject(headers: HeaderValues): ObjectDescription {
  const standard = storedHeaders.map((name) => [name, headers.get(name)?.join(', ') ?? ''] as const);
  const metadata = [...headers]
    .filter(([name]) => name.startsWith('x-amz-meta-'))
    .map(([name, values]) => [name.slice('x-amz-meta-'.length), values.join(',')] as const);
  const size = metadata.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  if (size > maxMetadataBytes) {
    throw new S3Error('MetadataTooLarge', undefined, { details: { Size: size, MaxSizeAllowed: maxMetadataBytes } });
  }
  const tagged = describeTags(parseTagHeader(headers.get('x-amz-tagging')?.join('&') ?? ''));
  const kept = standard
    .map(([name, value]) => [name, name === 'content-encoding' ? withoutChunking(value) : value] as const)
    .filter(([, value]) => value !== '');
  return {
    ...tagged,
    headers: { ...Object.fromEntries(kept), ...tagged.headers },
    metadata: Object.fromEntries(metadata),
  };
}

/** `aws-chunked` is an encoding of the transfer, and S3 does not store it. */
function withoutChunking(encoding: string): string {
  return encoding
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== 'aws-chunked')
    .join(', ');
}

export const putObject: S3Handler = async (request, { store, clock }) => {
  const { bucket, key, headers, payloadHash, signature, body } = request;
  assertBucketExists(store, bucket);
  const description = describeObject(headers);
  const plan = bodyPlan(headers, payloadHash);
  const [blob, received] = await store.blobs.write((sink) => receiveBody({ chunks: body, plan, signature, sink }));
  try {
    // No await from here on: of several writes with the same condition, only the first can succeed.
    checkWriteCondition(headers, store.object(bucket, key));
    const object: ObjectRecord = {
      kind: 'object',
      bucket,
      key,
      ...description,
      blobs: [blob],
      size: received.size,
      etag: received.md5,
      lastModified: clock().toISOString(),
      ...(plan.checksum && received.checksum !== undefined
        ? { checksum: { algorithm: plan.checksum.algorithm, type: 'FULL_OBJECT', value: received.checksum } }
        : {}),
    };
    store.saveObject(object);
    return { status: 200, headers: { ETag: `"${object.etag}"`, ...checksumHeaders(object.checksum) } };
  } catch (error) {
    store.blobs.release([blob]);
    throw error;
  }
};

/** Deleting an object that does not exist succeeds. */
export const deleteObject: S3Handler = async (request, { store }) => {
  await readSmallBody(request);
  assertBucketExists(store, request.bucket);
  const object = store.object(request.bucket, request.key);
  checkWriteCondition(request.headers, object);
  if (object) store.removeObject(object);
  return { status: 204 };
};

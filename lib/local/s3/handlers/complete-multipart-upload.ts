import { createHash } from 'node:crypto';
import type { HeaderValues } from '../../sigv4/header-values.ts';
import { checkWriteCondition } from '../check-write-condition.ts';
import type { ObjectChecksum } from '../checksum.ts';
import { checksumOf } from '../checksum-of.ts';
import { chooseParts } from '../choose-parts.ts';
import { existingUpload } from '../existing-upload.ts';
import { parseCompletion } from '../parse-completion.ts';
import { readBlobs } from '../read-blobs.ts';
import { readSmallBody } from '../read-small-body.ts';
import { S3Error } from '../s3-error.ts';
import type { S3Handler } from '../s3-request.ts';
import { singleHeader } from '../single-header.ts';
import type { ObjectRecord, PartRecord } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import { xmlAnswer } from '../xml-answer.ts';

/** The object is made of the parts' own files: completion moves no bytes, whatever the size. */
export const completeMultipartUpload: S3Handler = async (request, { store, clock }) => {
  const named = parseCompletion(await readSmallBody(request));
  const upload = existingUpload(store, request);
  const parts = chooseParts(named, store.parts(upload.uploadId), upload);
  const size = parts.reduce((sum, { blob }) => sum + blob.size, 0);
  checkSize(request.headers, size);
  const checksum = upload.checksum && {
    ...upload.checksum,
    value: await objectChecksum(store, parts, upload.checksum),
  };
  if (checksum) checkChecksum(request.headers, checksum);

  // No await from here on: the condition, the parts and the object are seen and changed as one.
  existingUpload(store, request);
  const current = new Set(store.parts(upload.uploadId));
  if (!parts.every((part) => current.has(part))) throw new S3Error('InvalidPart');
  checkWriteCondition(request.headers, store.object(upload.bucket, upload.key));
  const { bucket, key, uploadId, headers, metadata } = upload;
  const object: ObjectRecord = {
    kind: 'object',
    bucket,
    key,
    uploadId,
    headers,
    metadata,
    blobs: parts.map(({ blob }) => blob),
    size,
    etag: compositeEtag(parts),
    lastModified: clock().toISOString(),
    ...(checksum ? { checksum } : {}),
  };
  store.saveObject(object);
  return xmlAnswer('CompleteMultipartUploadResult', {
    Location: `http://${request.headers.get('host')?.[0]}/${bucket}/${encodeURIComponent(key)}`,
    Bucket: bucket,
    Key: key,
    ETag: `"${object.etag}"`,
    [`Checksum${checksum?.algorithm}`]: checksum?.value,
    ChecksumType: checksum?.type,
  });
};

function compositeEtag(parts: readonly PartRecord[]): string {
  const digests = Buffer.from(parts.map(({ etag }) => etag).join(''), 'hex');
  return `${createHash('md5').update(digests).digest('hex')}-${parts.length}`;
}

async function objectChecksum(
  store: Store,
  parts: readonly PartRecord[],
  { algorithm, type }: ObjectChecksum,
): Promise<string> {
  if (type === 'COMPOSITE') {
    const digests = parts.map((part) => Buffer.from(part.checksum ?? '', 'base64'));
    return `${await checksumOf(algorithm, digests)}-${parts.length}`;
  }
  const blobs = parts.map(({ blob }) => blob);
  store.blobs.hold(blobs);
  try {
    return await checksumOf(algorithm, readBlobs(store.blobs, blobs, { first: 0, last: Number.MAX_SAFE_INTEGER }));
  } finally {
    store.blobs.release(blobs);
  }
}

function checkSize(headers: HeaderValues, size: number): void {
  const expected = singleHeader(headers, 'x-amz-mp-object-size');
  if (expected === undefined || expected === String(size)) return;
  throw new S3Error(
    'InvalidRequest',
    `The provided 'x-amz-mp-object-size' header value ${expected} does not match what was computed: ${size}`,
  );
}

function checkChecksum(
  headers: HeaderValues,
  { algorithm, type, value }: ObjectChecksum & { readonly value: string },
): void {
  const expectedType = singleHeader(headers, 'x-amz-checksum-type');
  if (expectedType !== undefined && expectedType !== type) {
    throw new S3Error('InvalidRequest', `The upload was created with the checksum type ${type}.`);
  }
  const expected = singleHeader(headers, `x-amz-checksum-${algorithm.toLowerCase()}`);
  if (expected !== undefined && expected !== value && expected !== value.replace(/-\d+$/, '')) {
    throw new S3Error('BadDigest', `The ${algorithm} you specified did not match the calculated checksum.`);
  }
}

import { createHash } from 'node:crypto';
import { isObject } from '../../domain/names.ts';
import type { HeaderValues } from '../sigv4/canonical-request.ts';
import { readSmallBody } from './body.ts';
import { checksumOf, type ObjectChecksum } from './checksums.ts';
import { checkWriteCondition } from './conditions.ts';
import { S3Error } from './errors.ts';
import { existingUpload, maxParts } from './multipart.ts';
import { readBlobs } from './objects.ts';
import { type S3Handler, singleHeader } from './request.ts';
import type { ObjectRecord, PartRecord, UploadRecord } from './store/records.ts';
import type { Store } from './store/store.ts';
import { parseXml, xmlAnswer } from './xml.ts';

/** A part in the body of CompleteMultipartUpload. */
interface RequestedPart {
  readonly partNumber: number;
  readonly etag: string;
  /** By XML element, such as `ChecksumSHA256`. */
  readonly checksums: Readonly<Record<string, string>>;
}

export function parseCompletion(body: string): readonly RequestedPart[] {
  const parts = fields(parseXml(body, 'CompleteMultipartUpload')).Part;
  const list = Array.isArray(parts) ? parts : [parts];
  if (list.length > maxParts) throw new S3Error('MalformedXML');
  return list.map(requestedPart);
}

function requestedPart(part: unknown): RequestedPart {
  const { PartNumber, ETag, ...checksums } = fields(part);
  // The quotes may be escaped, because entities are not expanded.
  const etag = /^(?:"|&quot;|&#34;)?([^"&]+)(?:"|&quot;|&#34;)?$/.exec(String(ETag ?? ''))?.[1];
  const texts = Object.entries(checksums).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  if (!/^\d{1,5}$/.test(String(PartNumber)) || etag === undefined || texts.length < Object.keys(checksums).length) {
    throw new S3Error('MalformedXML');
  }
  return { partNumber: Number(PartNumber), etag, checksums: Object.fromEntries(texts) };
}

function fields(value: unknown): Readonly<Record<string, unknown>> {
  if (!isObject(value)) throw new S3Error('MalformedXML');
  return value;
}

const minPartBytes = 5 * 1024 * 1024;

/** The stored parts that the request names. Throws S3's errors for a wrong list. */
function chooseParts(
  requested: readonly RequestedPart[],
  stored: readonly PartRecord[],
  { checksum, uploadId }: UploadRecord,
): readonly PartRecord[] {
  const byNumber = new Map(stored.map((part) => [part.partNumber, part]));
  const parts = requested.map((name, index) => {
    const before = requested[index - 1];
    if (before && before.partNumber >= name.partNumber)
      throw new S3Error('InvalidPartOrder', undefined, { details: { UploadId: uploadId } });
    const part = byNumber.get(name.partNumber);
    const details = { UploadId: uploadId, PartNumber: name.partNumber, ETag: name.etag };
    if (!part || part.etag !== name.etag) throw new S3Error('InvalidPart', undefined, { details });
    const element = `Checksum${checksum?.algorithm}`;
    if (checksum?.type === 'COMPOSITE' && name.checksums[element] === undefined) {
      throw new S3Error(
        'InvalidRequest',
        `The upload was created using a ${checksum.algorithm.toLowerCase()} checksum. The complete request must include the checksum for each part. It was missing for part ${name.partNumber} in the request.`,
      );
    }
    const wrong = Object.entries(name.checksums).some(([tag, value]) => tag !== element || value !== part.checksum);
    if (wrong) throw new S3Error('InvalidPart', undefined, { details });
    return part;
  });
  const small = parts.slice(0, -1).find(({ blob }) => blob.size < minPartBytes);
  if (!small) return parts;
  throw new S3Error('EntityTooSmall', undefined, {
    details: { PartNumber: small.partNumber, ProposedSize: small.blob.size, MinSizeAllowed: minPartBytes },
  });
}

/** The object uses the files of its parts, so completion copies no bytes. */
export const completeMultipartUpload: S3Handler = async (request, { store, clock }) => {
  const requested = parseCompletion(await readSmallBody(request));
  const upload = existingUpload(store, request);
  const parts = chooseParts(requested, store.parts(upload.uploadId), upload);
  const size = parts.reduce((sum, { blob }) => sum + blob.size, 0);
  checkSize(request.headers, size);
  const checksum = upload.checksum && {
    ...upload.checksum,
    value: await objectChecksum(store, parts, upload.checksum),
  };
  if (checksum) checkChecksum(request.headers, checksum);

  // No await from here on: the condition, the parts and the object are checked and changed atomically.
  existingUpload(store, request);
  const current = new Set(store.parts(upload.uploadId));
  if (!parts.every((part) => current.has(part))) throw new S3Error('InvalidPart');
  checkWriteCondition(request.headers, store.object(upload.bucket, upload.key));
  const { bucket, key, uploadId, headers, metadata, tags } = upload;
  const object: ObjectRecord = {
    kind: 'object',
    bucket,
    key,
    uploadId,
    headers,
    metadata,
    ...(tags === undefined ? {} : { tags }),
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

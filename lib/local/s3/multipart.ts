import { randomBytes } from 'node:crypto';
import type { HeaderValues } from '../sigv4/canonical-request.ts';
import { bodyPlan, readSmallBody, receiveBody } from './body.ts';
import { assertBucketExists } from './buckets.ts';
import { type ChecksumName, checksum, type ObjectChecksum } from './checksums.ts';
import { S3Error } from './errors.ts';
import { describeObject } from './objects.ts';
import { integerParameter, type S3Handler, type S3Request, singleHeader } from './request.ts';
import type { UploadRecord } from './store/records.ts';
import type { Store } from './store/store.ts';
import { xmlAnswer } from './xml.ts';

export const createMultipartUpload: S3Handler = async (request, { store, clock }) => {
  await readSmallBody(request);
  const { bucket, key, headers } = request;
  assertBucketExists(store, bucket);
  const requested = requestedChecksum(headers);
  const uploadId = randomBytes(32).toString('base64url');
  store.saveUpload({
    kind: 'upload',
    bucket,
    key,
    uploadId,
    ...describeObject(headers),
    initiated: clock().toISOString(),
    ...(requested ? { checksum: requested } : {}),
  });
  const answer = xmlAnswer('InitiateMultipartUploadResult', { Bucket: bucket, Key: key, UploadId: uploadId });
  if (!requested) return answer;
  const checksumHeaders = { 'x-amz-checksum-algorithm': requested.algorithm, 'x-amz-checksum-type': requested.type };
  return { ...answer, headers: { ...answer.headers, ...checksumHeaders } };
};

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html */
function requestedChecksum(headers: HeaderValues): ObjectChecksum | undefined {
  const algorithm = singleHeader(headers, 'x-amz-checksum-algorithm')?.toUpperCase();
  const type = singleHeader(headers, 'x-amz-checksum-type')?.toUpperCase();
  if (algorithm === undefined) {
    if (type === undefined) return undefined;
    throw new S3Error('InvalidRequest', 'x-amz-checksum-type requires x-amz-checksum-algorithm.');
  }
  if (!Object.hasOwn(checksum, algorithm)) {
    throw new S3Error('InvalidRequest', 'Checksum algorithm provided is unsupported.');
  }
  const name = algorithm as ChecksumName;
  const possible =
    name === 'CRC64NVME' ? ['FULL_OBJECT'] : name.startsWith('SHA') ? ['COMPOSITE'] : ['COMPOSITE', 'FULL_OBJECT'];
  const chosen = type ?? possible[0];
  if (!possible.includes(chosen ?? '')) {
    throw new S3Error(
      'InvalidRequest',
      `The ${chosen} checksum type cannot be used with the ${name} checksum algorithm.`,
    );
  }
  return { algorithm: name, type: chosen as ObjectChecksum['type'] };
}

/** The upload in progress of a request; its ID must belong to the bucket and key of the request. */
export function existingUpload(store: Store, { bucket, key, parameters }: S3Request): UploadRecord {
  assertBucketExists(store, bucket);
  const uploadId = parameters.get('uploadId') ?? '';
  const upload = store.upload(uploadId);
  if (upload?.bucket === bucket && upload.key === key) return upload;
  throw new S3Error('NoSuchUpload', undefined, { details: { UploadId: uploadId } });
}

export const maxParts = 10_000;

export const uploadPart: S3Handler = async (request, { store, clock }) => {
  const { parameters, headers, payloadHash, signature, body } = request;
  const upload = existingUpload(store, request);
  const partNumber = Number(parameters.get('partNumber'));
  if (!/^\d{1,5}$/.test(parameters.get('partNumber') ?? '') || partNumber < 1 || partNumber > maxParts) {
    throw new S3Error('InvalidArgument', `Part number must be an integer between 1 and ${maxParts}, inclusive`);
  }
  const plan = bodyPlan(headers, payloadHash);
  checkAlgorithm(upload, plan.checksum?.algorithm);
  const alsoCompute = upload.checksum?.algorithm;
  const [blob, received] = await store.blobs.write((sink) =>
    receiveBody({ chunks: body, plan, signature, sink, alsoCompute }),
  );
  try {
    // The upload may have ended while the part was received.
    existingUpload(store, request);
    store.savePart({
      kind: 'part',
      uploadId: upload.uploadId,
      partNumber,
      blob,
      etag: received.md5,
      lastModified: clock().toISOString(),
      ...(received.checksum === undefined ? {} : { checksum: received.checksum }),
    });
  } catch (error) {
    store.blobs.release([blob]);
    throw error;
  }
  const name = `x-amz-checksum-${upload.checksum?.algorithm.toLowerCase()}`;
  const checksum = received.checksum === undefined ? {} : { [name]: received.checksum };
  return { status: 200, headers: { ETag: `"${received.md5}"`, ...checksum } };
};

/** A composite checksum needs the uploader's checksum of each part; S3 computes the checksum of a full object itself. */
function checkAlgorithm({ checksum }: UploadRecord, actual: ChecksumName | undefined): void {
  if (actual === checksum?.algorithm || (actual === undefined && checksum?.type === 'FULL_OBJECT')) return;
  const expected = checksum?.algorithm.toLowerCase() ?? 'null';
  throw new S3Error(
    'InvalidRequest',
    `Checksum Type mismatch occurred, expected checksum Type: ${expected}, actual checksum Type: ${actual?.toLowerCase() ?? 'null'}`,
  );
}

export const abortMultipartUpload: S3Handler = async (request, { store }) => {
  await readSmallBody(request);
  store.removeUpload(existingUpload(store, request).uploadId);
  return { status: 204 };
};

export const listParts: S3Handler = async (request, { store }) => {
  await readSmallBody(request);
  const { bucket, key, uploadId, checksum } = existingUpload(store, request);
  const marker = integerParameter(request.parameters, 'part-number-marker', { defaultValue: 0, max: maxParts });
  const max = integerParameter(request.parameters, 'max-parts', { defaultValue: 1000, max: 1000 });
  const after = store.parts(uploadId).filter(({ partNumber }) => partNumber > marker);
  const page = after.slice(0, max);
  return xmlAnswer('ListPartsResult', {
    Bucket: bucket,
    Key: key,
    UploadId: uploadId,
    PartNumberMarker: marker,
    NextPartNumberMarker: page.at(-1)?.partNumber ?? 0,
    MaxParts: max,
    IsTruncated: page.length < after.length,
    ChecksumAlgorithm: checksum?.algorithm,
    ChecksumType: checksum?.type,
    StorageClass: 'STANDARD',
    Part: page.map((part) => ({
      PartNumber: part.partNumber,
      LastModified: part.lastModified,
      ETag: `"${part.etag}"`,
      Size: part.blob.size,
      [`Checksum${checksum?.algorithm}`]: part.checksum,
    })),
  });
};

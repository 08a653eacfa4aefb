import { randomBytes } from 'node:crypto';
import type { HeaderValues } from '../../sigv4/header-values.ts';
import { type ChecksumName, checksum, type ObjectChecksum } from '../checksum.ts';
import { describeObject } from '../describe-object.ts';
import { existingBucket } from '../existing-bucket.ts';
import { readSmallBody } from '../read-small-body.ts';
import { S3Error } from '../s3-error.ts';
import type { S3Handler } from '../s3-request.ts';
import { singleHeader } from '../single-header.ts';
import { xmlAnswer } from '../xml-answer.ts';

export const createMultipartUpload: S3Handler = async (request, { store, clock }) => {
  await readSmallBody(request);
  const { bucket, key, headers } = request;
  existingBucket(store, bucket);
  const wanted = wantedChecksum(headers);
  const uploadId = randomBytes(32).toString('base64url');
  store.saveUpload({
    kind: 'upload',
    bucket,
    key,
    uploadId,
    ...describeObject(headers),
    initiated: clock().toISOString(),
    ...(wanted ? { checksum: wanted } : {}),
  });
  const answer = xmlAnswer('InitiateMultipartUploadResult', { Bucket: bucket, Key: key, UploadId: uploadId });
  if (!wanted) return answer;
  const told = { 'x-amz-checksum-algorithm': wanted.algorithm, 'x-amz-checksum-type': wanted.type };
  return { ...answer, headers: { ...answer.headers, ...told } };
};

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html */
function wantedChecksum(headers: HeaderValues): ObjectChecksum | undefined {
  const algorithm = singleHeader(headers, 'x-amz-checksum-algorithm')?.toUpperCase();
  const type = singleHeader(headers, 'x-amz-checksum-type')?.toUpperCase();
  if (algorithm === undefined) {
    if (type === undefined) return undefined;
    throw new S3Error('InvalidRequest', 'x-amz-checksum-type is of no use without x-amz-checksum-algorithm.');
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

import { compareUtf8 } from '../compare-utf8.ts';
import { existingBucket } from '../existing-bucket.ts';
import { integerParameter } from '../integer-parameter.ts';
import { keyEncoding } from '../key-encoding.ts';
import { readSmallBody } from '../read-small-body.ts';
import type { S3Handler } from '../s3-request.ts';
import type { UploadRecord } from '../store/records.ts';
import { xmlAnswer } from '../xml-answer.ts';

export const listMultipartUploads: S3Handler = async (request, { store }) => {
  await readSmallBody(request);
  const { bucket, parameters } = request;
  existingBucket(store, bucket);
  const encode = keyEncoding(parameters);
  const most = integerParameter(parameters, 'max-uploads', { otherwise: 1000, most: 1000 });
  const prefix = parameters.get('prefix') ?? '';
  const keyMarker = parameters.get('key-marker') ?? '';
  const idMarker = parameters.get('upload-id-marker') ?? '';
  const isAfter = ({ key, uploadId, initiated }: UploadRecord) => {
    const order = compareUtf8(key, keyMarker);
    if (order !== 0 || idMarker === '') return order > 0;
    return (
      byAge({ initiated, uploadId }, { initiated: store.upload(idMarker)?.initiated ?? '', uploadId: idMarker }) > 0
    );
  };
  const after = store
    .uploads(bucket)
    .filter((upload) => upload.key.startsWith(prefix) && isAfter(upload))
    .sort((a, b) => compareUtf8(a.key, b.key) || byAge(a, b));
  const page = after.slice(0, most);
  const last = page.length < after.length ? page.at(-1) : undefined;
  return xmlAnswer('ListMultipartUploadsResult', {
    Bucket: bucket,
    KeyMarker: encode(keyMarker),
    UploadIdMarker: idMarker,
    NextKeyMarker: last && encode(last.key),
    NextUploadIdMarker: last?.uploadId,
    Prefix: encode(prefix),
    EncodingType: parameters.get('encoding-type'),
    MaxUploads: most,
    IsTruncated: last !== undefined,
    Upload: page.map(({ key, uploadId, initiated, checksum }) => ({
      Key: encode(key),
      UploadId: uploadId,
      Initiated: initiated,
      StorageClass: 'STANDARD',
      ChecksumAlgorithm: checksum?.algorithm,
      ChecksumType: checksum?.type,
    })),
  });
};

/** Uploads of one key come in the order in which they began. */
function byAge(
  a: Pick<UploadRecord, 'initiated' | 'uploadId'>,
  b: Pick<UploadRecord, 'initiated' | 'uploadId'>,
): number {
  return compareUtf8(a.initiated, b.initiated) || compareUtf8(a.uploadId, b.uploadId);
}

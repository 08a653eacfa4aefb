import { existingUpload } from '../existing-upload.ts';
import { integerParameter } from '../integer-parameter.ts';
import { readSmallBody } from '../read-small-body.ts';
import type { S3Handler } from '../s3-request.ts';
import { xmlAnswer } from '../xml-answer.ts';

export const listParts: S3Handler = async (request, { store }) => {
  await readSmallBody(request);
  const { bucket, key, uploadId, checksum } = existingUpload(store, request);
  const marker = integerParameter(request.parameters, 'part-number-marker', { otherwise: 0, most: 10_000 });
  const most = integerParameter(request.parameters, 'max-parts', { otherwise: 1000, most: 1000 });
  const after = store.parts(uploadId).filter(({ partNumber }) => partNumber > marker);
  const page = after.slice(0, most);
  return xmlAnswer('ListPartsResult', {
    Bucket: bucket,
    Key: key,
    UploadId: uploadId,
    PartNumberMarker: marker,
    NextPartNumberMarker: page.at(-1)?.partNumber ?? 0,
    MaxParts: most,
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

import { existingBucket } from '../existing-bucket.ts';
import { readSmallBody } from '../read-small-body.ts';
import type { S3Handler } from '../s3-request.ts';

export const headBucket: S3Handler = async (request, { store, region }) => {
  await readSmallBody(request);
  existingBucket(store, request.bucket);
  return { status: 200, headers: { 'x-amz-bucket-region': region } };
};

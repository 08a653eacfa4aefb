import { existingBucket } from '../existing-bucket.ts';
import { readSmallBody } from '../read-small-body.ts';
import type { S3Handler } from '../s3-request.ts';
import { toXml } from '../to-xml.ts';

export const getBucketLocation: S3Handler = async (request, { store, region }) => {
  await readSmallBody(request);
  existingBucket(store, request.bucket);
  // us-east-1 has no name here. https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLocation.html
  const location = region === 'us-east-1' ? '' : region;
  const body = toXml('LocationConstraint', location);
  return { status: 200, headers: { 'Content-Type': 'application/xml' }, body };
};

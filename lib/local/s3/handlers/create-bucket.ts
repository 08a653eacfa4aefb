import { parseXml } from '../parse-xml.ts';
import { readSmallBody } from '../read-small-body.ts';
import { S3Error } from '../s3-error.ts';
import type { S3Handler } from '../s3-request.ts';

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
const bucketName = /^(?!.*\.\.)(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

export const createBucket: S3Handler = async (request, { store, region, clock }) => {
  const { bucket } = request;
  if (!bucketName.test(bucket)) throw new S3Error('InvalidBucketName', undefined, { details: { BucketName: bucket } });
  const body = await readSmallBody(request);
  if (body !== '') checkLocation(parseXml(body, 'CreateBucketConfiguration'), region);
  if (store.bucket(bucket))
    throw new S3Error('BucketAlreadyOwnedByYou', undefined, { details: { BucketName: bucket } });
  store.saveBucket({ kind: 'bucket', bucket, created: clock().toISOString() });
  return { status: 200, headers: { Location: `/${bucket}` } };
};

function checkLocation(configuration: unknown, region: string): void {
  if (configuration === '') return;
  if (typeof configuration !== 'object' || configuration === null) throw new S3Error('MalformedXML');
  const { LocationConstraint: location = region, ...more } = configuration as Record<string, unknown>;
  if (Object.keys(more).length > 0) throw new S3Error('NotImplemented');
  if (location !== region) throw new S3Error('IllegalLocationConstraintException');
}

import { readSmallBody } from './body.ts';
import { S3Error } from './errors.ts';
import type { S3Handler } from './request.ts';
import type { Store } from './store/store.ts';
import { parseXml, toXml, xmlAnswer } from './xml.ts';

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

/** @throws S3Error if there is no such bucket */
export function assertBucketExists(store: Store, bucket: string): void {
  if (!store.bucket(bucket)) throw new S3Error('NoSuchBucket', undefined, { details: { BucketName: bucket } });
}

export const headBucket: S3Handler = async (request, { store, region }) => {
  await readSmallBody(request);
  assertBucketExists(store, request.bucket);
  return { status: 200, headers: { 'x-amz-bucket-region': region } };
};

export const getBucketLocation: S3Handler = async (request, { store, region }) => {
  await readSmallBody(request);
  assertBucketExists(store, request.bucket);
  // The location of us-east-1 is empty. https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLocation.html
  const location = region === 'us-east-1' ? '' : region;
  const body = toXml('LocationConstraint', location);
  return { status: 200, headers: { 'Content-Type': 'application/xml' }, body };
};

export const listBuckets: S3Handler = async (request, { store }) => {
  await readSmallBody(request);
  const buckets = [...store.buckets()].sort((a, b) => (a.bucket < b.bucket ? -1 : 1));
  return xmlAnswer('ListAllMyBucketsResult', {
    Owner: { ID: 'local' },
    Buckets: { Bucket: buckets.map(({ bucket, created }) => ({ Name: bucket, CreationDate: created })) },
  });
};

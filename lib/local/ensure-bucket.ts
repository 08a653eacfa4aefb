import { type BucketLocationConstraint, CreateBucketCommand, HeadBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { type StoreAccess, s3ClientConfig } from '../store/write/s3-client-config.ts';
import { statusOf } from '../store/write/s3-failure.ts';

/** Makes the bucket where it is not there. */
export async function ensureBucket(access: StoreAccess, bucket: string): Promise<void> {
  const client = new S3Client(s3ClientConfig(access));
  try {
    await client.send(new HeadBucketCommand({ Bucket: bucket }));
  } catch (error) {
    if (statusOf(error) !== 404) throw error;
    const elsewhere = access.region === 'us-east-1' ? undefined : (access.region as BucketLocationConstraint);
    await client.send(
      new CreateBucketCommand({
        Bucket: bucket,
        ...(elsewhere === undefined ? {} : { CreateBucketConfiguration: { LocationConstraint: elsewhere } }),
      }),
    );
  } finally {
    client.destroy();
  }
}

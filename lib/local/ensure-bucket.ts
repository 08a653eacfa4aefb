import {
  type BucketLocationConstraint,
  CreateBucketCommand,
  HeadBucketCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { statusOf } from '../store/write/s3-failure.ts';

/** Makes the bucket where it is not there. */
export async function ensureBucket(client: S3Client, region: string, bucket: string): Promise<void> {
  try {
    await client.send(new HeadBucketCommand({ Bucket: bucket }));
  } catch (error) {
    if (statusOf(error) !== 404) throw error;
    const elsewhere = region === 'us-east-1' ? undefined : (region as BucketLocationConstraint);
    await client.send(
      new CreateBucketCommand({
        Bucket: bucket,
        ...(elsewhere === undefined ? {} : { CreateBucketConfiguration: { LocationConstraint: elsewhere } }),
      }),
    );
  }
}

import {
  PutBucketLifecycleConfigurationCommand,
  PutBucketVersioningCommand,
  PutPublicAccessBlockCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { bucketLifecycle, lifecycleJson } from '../../lib/stack/bucket-lifecycle.ts';

/** Gives a bucket of a real S3 server what docs/settings.md gives an existing bucket, except for its policy. */
export async function guardBucket(client: S3Client, Bucket: string): Promise<void> {
  await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
  const LifecycleConfiguration = JSON.parse(lifecycleJson(bucketLifecycle(undefined)));
  await client.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration }));
  const PublicAccessBlockConfiguration = {
    BlockPublicAcls: true,
    BlockPublicPolicy: true,
    IgnorePublicAcls: true,
    RestrictPublicBuckets: true,
  };
  await client.send(new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration }));
}

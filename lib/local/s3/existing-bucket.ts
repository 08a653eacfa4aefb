import { S3Error } from './s3-error.ts';
import type { Store } from './store/store.ts';

export function existingBucket(store: Store, bucket: string): void {
  if (!store.bucket(bucket)) throw new S3Error('NoSuchBucket', undefined, { details: { BucketName: bucket } });
}

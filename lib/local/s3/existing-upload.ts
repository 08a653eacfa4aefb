import { existingBucket } from './existing-bucket.ts';
import { S3Error } from './s3-error.ts';
import type { S3Request } from './s3-request.ts';
import type { UploadRecord } from './store/records.ts';
import type { Store } from './store/store.ts';

/** The upload in progress that a request names; an id counts only together with its own bucket and key. */
export function existingUpload(store: Store, { bucket, key, parameters }: S3Request): UploadRecord {
  existingBucket(store, bucket);
  const uploadId = parameters.get('uploadId') ?? '';
  const upload = store.upload(uploadId);
  if (upload?.bucket === bucket && upload.key === key) return upload;
  throw new S3Error('NoSuchUpload', undefined, { details: { UploadId: uploadId } });
}

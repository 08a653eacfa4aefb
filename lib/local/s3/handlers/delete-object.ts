import { checkWriteCondition } from '../check-write-condition.ts';
import { existingBucket } from '../existing-bucket.ts';
import { readSmallBody } from '../read-small-body.ts';
import type { S3Handler } from '../s3-request.ts';

/** Deleting what is not there succeeds. */
export const deleteObject: S3Handler = async (request, { store }) => {
  await readSmallBody(request);
  existingBucket(store, request.bucket);
  const object = store.object(request.bucket, request.key);
  checkWriteCondition(request.headers, object);
  if (object) store.removeObject(object);
  return { status: 204 };
};

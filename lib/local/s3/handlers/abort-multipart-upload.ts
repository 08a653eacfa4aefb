import { existingUpload } from '../existing-upload.ts';
import { readSmallBody } from '../read-small-body.ts';
import type { S3Handler } from '../s3-request.ts';

export const abortMultipartUpload: S3Handler = async (request, { store }) => {
  await readSmallBody(request);
  store.removeUpload(existingUpload(store, request).uploadId);
  return { status: 204 };
};

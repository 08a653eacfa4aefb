import { abortMultipartUpload } from './handlers/abort-multipart-upload.ts';
import { completeMultipartUpload } from './handlers/complete-multipart-upload.ts';
import { createBucket } from './handlers/create-bucket.ts';
import { createMultipartUpload } from './handlers/create-multipart-upload.ts';
import { deleteObject } from './handlers/delete-object.ts';
import { getBucketLocation } from './handlers/get-bucket-location.ts';
import { getObject } from './handlers/get-object.ts';
import { headBucket } from './handlers/head-bucket.ts';
import { listBuckets } from './handlers/list-buckets.ts';
import { listMultipartUploads } from './handlers/list-multipart-uploads.ts';
import { listObjectsV2 } from './handlers/list-objects-v2.ts';
import { listParts } from './handlers/list-parts.ts';
import { putObject } from './handlers/put-object.ts';
import { uploadPart } from './handlers/upload-part.ts';
import type { OperationName } from './operations.ts';
import type { S3Handler } from './s3-request.ts';

export const handlers: Readonly<Record<OperationName, S3Handler>> = {
  ListBuckets: listBuckets,
  CreateBucket: createBucket,
  HeadBucket: headBucket,
  GetBucketLocation: getBucketLocation,
  ListObjectsV2: listObjectsV2,
  ListMultipartUploads: listMultipartUploads,
  GetObject: getObject,
  HeadObject: getObject,
  PutObject: putObject,
  DeleteObject: deleteObject,
  CreateMultipartUpload: createMultipartUpload,
  UploadPart: uploadPart,
  ListParts: listParts,
  CompleteMultipartUpload: completeMultipartUpload,
  AbortMultipartUpload: abortMultipartUpload,
};

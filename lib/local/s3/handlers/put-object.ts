import { bodyPlan } from '../body-plan.ts';
import { checkWriteCondition } from '../check-write-condition.ts';
import { checksumHeaders } from '../checksum-headers.ts';
import { describeObject } from '../describe-object.ts';
import { existingBucket } from '../existing-bucket.ts';
import { receiveBody } from '../receive-body.ts';
import type { S3Handler } from '../s3-request.ts';
import type { ObjectRecord } from '../store/records.ts';

export const putObject: S3Handler = async (request, { store, clock }) => {
  const { bucket, key, headers, payloadHash, signature, body } = request;
  existingBucket(store, bucket);
  const description = describeObject(headers);
  const plan = bodyPlan(headers, payloadHash);
  const [blob, received] = await store.blobs.write((sink) => receiveBody({ chunks: body, plan, signature, sink }));
  try {
    // No await from here on: of all that compare against the same object, one is the first to save.
    checkWriteCondition(headers, store.object(bucket, key));
    const object: ObjectRecord = {
      kind: 'object',
      bucket,
      key,
      ...description,
      blobs: [blob],
      size: received.size,
      etag: received.md5,
      lastModified: clock().toISOString(),
      ...(plan.checksum && received.checksum !== undefined
        ? { checksum: { algorithm: plan.checksum.algorithm, type: 'FULL_OBJECT', value: received.checksum } }
        : {}),
    };
    store.saveObject(object);
    return { status: 200, headers: { ETag: `"${object.etag}"`, ...checksumHeaders(object.checksum) } };
  } catch (error) {
    store.blobs.release([blob]);
    throw error;
  }
};

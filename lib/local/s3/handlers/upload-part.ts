import { bodyPlan } from '../body-plan.ts';
import type { ChecksumName } from '../checksum.ts';
import { existingUpload } from '../existing-upload.ts';
import { receiveBody } from '../receive-body.ts';
import { S3Error } from '../s3-error.ts';
import type { S3Handler } from '../s3-request.ts';
import type { UploadRecord } from '../store/records.ts';

const mostParts = 10_000;

export const uploadPart: S3Handler = async (request, { store, clock }) => {
  const { parameters, headers, payloadHash, signature, body } = request;
  const upload = existingUpload(store, request);
  const partNumber = Number(parameters.get('partNumber'));
  if (!/^\d{1,5}$/.test(parameters.get('partNumber') ?? '') || partNumber < 1 || partNumber > mostParts) {
    throw new S3Error('InvalidArgument', `Part number must be an integer between 1 and ${mostParts}, inclusive`);
  }
  const plan = bodyPlan(headers, payloadHash);
  checkAlgorithm(upload, plan.checksum?.algorithm);
  const alsoCompute = upload.checksum?.algorithm;
  const [blob, received] = await store.blobs.write((sink) =>
    receiveBody({ chunks: body, plan, signature, sink, alsoCompute }),
  );
  try {
    // The upload may have ended while the part came in.
    existingUpload(store, request);
    store.savePart({
      kind: 'part',
      uploadId: upload.uploadId,
      partNumber,
      blob,
      etag: received.md5,
      lastModified: clock().toISOString(),
      ...(received.checksum === undefined ? {} : { checksum: received.checksum }),
    });
  } catch (error) {
    store.blobs.release([blob]);
    throw error;
  }
  const name = `x-amz-checksum-${upload.checksum?.algorithm.toLowerCase()}`;
  const checksum = received.checksum === undefined ? {} : { [name]: received.checksum };
  return { status: 200, headers: { ETag: `"${received.md5}"`, ...checksum } };
};

/** A composite checksum is made of what the uploader says of each part; a checksum of the whole S3 makes itself. */
function checkAlgorithm({ checksum }: UploadRecord, actual: ChecksumName | undefined): void {
  if (actual === checksum?.algorithm || (actual === undefined && checksum?.type === 'FULL_OBJECT')) return;
  const expected = checksum?.algorithm.toLowerCase() ?? 'null';
  throw new S3Error(
    'InvalidRequest',
    `Checksum Type mismatch occurred, expected checksum Type: ${expected}, actual checksum Type: ${actual?.toLowerCase() ?? 'null'}`,
  );
}

import { Conflict } from '../../lib/api/problem.ts';
import { planParts } from '../../lib/domain/part-plan.ts';
import type { BucketWriter, StoredObject } from '../../lib/store/write/bucket-writer.ts';
import { assertSameBytes } from './compare-bytes.ts';
import { isAsDeclared } from './sign-parts.ts';
import { uploadGone } from './upload-gone.ts';
import type { UploadState } from './upload-state.ts';

type Bucket = Pick<BucketWriter, 'listParts' | 'completeUpload' | 'abortUpload' | 'head'>;

/** Joins the parts, unless the object is there already. Throws where a part is missing or not as declared. */
async function join(bucket: Bucket, state: UploadState, uploadId: string): Promise<void> {
  const { key, size, partSha256s, partMd5s } = state;
  const stored = await bucket.listParts(key, uploadId);
  if (stored === undefined) return;
  const { count } = planParts(size);
  const wrong = stored.find((part) => !isAsDeclared(part, state));
  if (wrong !== undefined)
    throw new Conflict(
      'part-differs',
      `Part ${wrong.partNumber} of "${key}" is not as it was declared: publish again.`,
    );
  if (stored.length !== count)
    throw new Conflict(
      'parts-missing',
      `Of ${count} parts of "${key}" ${count - stored.length} have not arrived: send them first.`,
    );
  const parts = stored.map(({ partNumber, etag }) => ({
    partNumber,
    etag,
    sha256: partMd5s === undefined ? partSha256s[partNumber - 1] : undefined,
  }));
  const completion = await bucket.completeUpload(key, uploadId, parts, size);
  // The object is there: the parts of this upload are of no more use.
  if (completion === 'taken') await bucket.abortUpload(key, uploadId);
  // S3 asks for a new upload after a 409 on a completion (AWS, "CompleteMultipartUpload", ConditionalRequestConflict).
  if (completion === 'conflict') throw uploadGone();
}

/**
 * After this the object is in the bucket with the declared bytes, by this run or by one that was the same.
 * @param channel that must own it; undefined where the release is the channel's by its record
 */
export async function completeUpload(
  bucket: Bucket,
  channel: string | undefined,
  state: UploadState,
): Promise<StoredObject> {
  if (state.uploadId !== null) await join(bucket, state, state.uploadId);
  const object = await bucket.head(state.key);
  if (object === undefined) throw uploadGone();
  assertSameBytes(object, channel, state);
  return object;
}

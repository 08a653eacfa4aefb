import type { OpenMultipartUpload } from '../../../lib/store/write/bucket-writer.ts';
import { type Finding, finding } from './finding.ts';

/** Milliseconds. */
const day = 86_400_000;
/** Days: seven of the lifecycle rule, and what S3 may take to act on it. */
const overdue = 9;

/** @param now milliseconds since 1970 */
export function checkUploads(uploads: readonly OpenMultipartUpload[], now: number): Finding[] {
  return uploads.flatMap(({ key, uploadId, begunAt }) => {
    const days = Math.floor((now - begunAt) / day);
    if (days < 1) return [];
    const begun = `An upload was begun ${days === 1 ? 'a day' : `${days} days`} ago (${new Date(begunAt).toISOString()}) and not finished: readers see nothing of it, its parts are paid for.`;
    return days < overdue
      ? [
          finding(
            'upload-open',
            key,
            begun,
            "Nothing: the bucket's lifecycle rule aborts it 7 days after it was begun. Publishing the file again begins anew.",
          ),
        ]
      : [
          finding(
            'upload-overdue',
            key,
            `${begun} A lifecycle rule would have aborted it: this bucket has none that works.`,
            `Give the bucket a rule with AbortIncompleteMultipartUpload, or abort it (aws s3api abort-multipart-upload --upload-id '${uploadId}').`,
          ),
        ];
  });
}

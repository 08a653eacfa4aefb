import type { Author } from '../../../lib/domain/record-changes.ts';
import { statusOf } from '../../../lib/store/write/s3-failure.ts';
import type { PublishOptions } from '../publish-options.ts';
import type { Head } from './check-record.ts';
import type { Cursor } from './cursor.ts';
import type { Finding, Kind } from './finding.ts';

export type DoctorOptions = Pick<PublishOptions, 'bucket' | 'guards' | 'now' | 'sleep' | 'log'>;

/** S3 requests under way at the same time. */
export const atOnce = 16;

/** What was found of one thing, and what mends what of it can be mended. */
export interface Examined {
  /** A channel or a key. */
  readonly subject: string;
  readonly findings: readonly Finding[];
  /** Gives what it mended; repeated by the same operation, it gives that again where the bucket remembers it. */
  readonly mend?: (author: Author) => Promise<readonly Kind[]>;
}

/** What one request looked at, and where the next one begins; absent when that was all. */
export interface Examination {
  readonly examined: readonly Examined[];
  readonly next?: Cursor;
}

/** An object that S3 knows and says nothing of, for it is encrypted with a key that is not ours to use, is `refused`. */
export async function headOf({ bucket }: Pick<DoctorOptions, 'bucket'>, key: string): Promise<Head> {
  try {
    return await bucket.head(key);
  } catch (error) {
    const status = statusOf((error as { cause?: unknown }).cause);
    if (status === 400 || status === 403) return 'refused';
    throw error;
  }
}

import type { Author } from '../../lib/domain/record-changes.ts';
import type { PartChecksum } from '../../lib/domain/store.ts';
import type { Presign } from '../../lib/store/read/presign.ts';
import type { BucketWriter } from '../../lib/store/write/bucket-writer.ts';
import type { ReadGuards } from '../../lib/store/write/guards.ts';
import type { Log, Meter } from '../http/log.ts';

/** Everything that publishing touches, beside its input. */
export interface PublishOptions {
  readonly bucket: BucketWriter;
  readonly presign: Presign;
  /** Default: SHA-256. */
  readonly partChecksum?: PartChecksum;
  /** Absent for the S3 stand-in on localhost, whose bucket has no policy. */
  readonly guards?: ReadGuards | undefined;
  readonly baseUrl: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly sleep: (durationMs: number) => Promise<void>;
  readonly log: Log;
  readonly meter: Meter;
}

/** The author of a change that is made now. */
export const authorOf = ({ now }: Pick<PublishOptions, 'now'>, operation: string, by: string): Author => ({
  operation,
  at: new Date(now()).toISOString(),
  by,
});

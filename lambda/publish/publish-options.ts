import type { PartChecksum } from '../../lib/domain/store.ts';
import type { Presign } from '../../lib/store/read/presign.ts';
import type { BucketWriter } from '../../lib/store/write/bucket-writer.ts';
import type { ReadGuards } from '../../lib/store/write/guards.ts';
import type { Log, Meter } from '../http/log.ts';

/** Everything that publishing touches beside its input. */
export interface PublishOptions {
  readonly bucket: BucketWriter;
  readonly presign: Presign;
  /** By what the bucket's store checks parts; SHA-256 unless given. */
  readonly partChecksum?: PartChecksum;
  /** Absent where there is nothing to look at: the stand-in on localhost has no policy. */
  readonly guards?: ReadGuards | undefined;
  readonly baseUrl: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Waits, in milliseconds. */
  readonly sleep: (duration: number) => Promise<void>;
  readonly log: Log;
  readonly meter: Meter;
}

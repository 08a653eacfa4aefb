import { isReadableChannel } from '../../lib/domain/names.ts';
import { Problem } from '../../lib/domain/problem.ts';
import { type ChannelRecord, recordKey } from '../../lib/domain/record.ts';
import { mapLimit, maxConcurrentRequests } from '../../lib/store/write/s3-requests.ts';
import { describeError } from '../http/log.ts';
import { catalogDocument, loadDocument, recordDocument, recordMissing } from './documents.ts';
import type { PublishOptions } from './observe-publish.ts';

export interface Run {
  /** The author of what the schedule changes. */
  readonly operation: string;
  /** Whether something new may be begun. */
  readonly hasTime: () => boolean;
}

/** Who the history and the log say it was. */
export const scheduleAuthor = 'schedule';

export interface AllRecords {
  /** In the catalog. */
  readonly channels: readonly string[];
  /** By channel, of removed channels too: their releases can still be read. */
  readonly records: ReadonlyMap<string, ChannelRecord>;
  /** Keys of records that are damaged or missing: nobody knows which releases they name. */
  readonly unread: readonly string[];
}

export async function loadAll({ bucket, log }: PublishOptions): Promise<AllRecords> {
  const { channels, removed } = await loadDocument(bucket, catalogDocument);
  const listed = new Set(channels);
  const names = [...new Set([...channels, ...removed])].filter(isReadableChannel);
  const unread: string[] = [];
  const found = await mapLimit(names, maxConcurrentRequests, async (channel) => {
    const key = recordKey(channel);
    try {
      const record = await loadDocument(bucket, recordDocument(channel));
      if (record === undefined && listed.has(channel)) throw recordMissing(channel);
      return [channel, record] as const;
    } catch (error) {
      if (!(error instanceof Problem) || error.status >= 500) throw error;
      unread.push(key);
      log('error', 'unreadable', { key, reason: describeError(error) });
      return [channel, undefined] as const;
    }
  });
  const records = found.flatMap(([channel, record]) => (record === undefined ? [] : [[channel, record] as const]));
  return { channels, records: new Map(records), unread };
}

/** The records of the other channels. */
export const othersOf = ({ records }: Pick<AllRecords, 'records'>, channel: string) =>
  [...records].filter(([name]) => name !== channel);

/** By how much the clocks may differ (milliseconds). S3 refuses signatures that are older. */
const maxClockDifferenceMs = 15 * 60_000;

/**
 * The time that the function's clock and the store's agree on; undefined where they do not. A single clock that is wrong must not
 * end the grace time of anything.
 */
export async function agreedTime({ bucket, now, log }: PublishOptions): Promise<number | undefined> {
  const store = await bucket.time();
  const own = now();
  if (store !== undefined && Math.abs(own - store) <= maxClockDifferenceMs) return Math.min(own, store);
  log('error', 'clock', {
    reason: "the clocks of this function and of the bucket's store differ, so no release is retired or removed",
    own: new Date(own).toISOString(),
    ...(store === undefined ? {} : { store: new Date(store).toISOString() }),
  });
  return undefined;
}

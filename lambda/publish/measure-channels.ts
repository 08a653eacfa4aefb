import { catalogKey } from '../../lib/domain/catalog.ts';
import { latestSince } from '../../lib/domain/latest-since.ts';
import { isReadableChannel } from '../../lib/domain/names.ts';
import { Problem } from '../../lib/domain/problem.ts';
import { type ChannelRecord, recordKey, resolvedRelease } from '../../lib/domain/record.ts';
import { mapLimit, maxConcurrentRequests } from '../../lib/store/write/s3-requests.ts';
import { describeError } from '../http/log.ts';
import { catalogOf, liveRecord } from './load-channel.ts';
import type { PublishOptions } from './publish-options.ts';

/** Overdue channels that one run logs by name. */
const maxNamed = 50;

type Options = Pick<PublishOptions, 'bucket' | 'now' | 'log' | 'meter'>;

interface MeasuredChannel {
  readonly channel: string;
  readonly release: string;
  /** Seconds since the channel leads to its latest release. */
  readonly age: number;
  /** Seconds that the channel allows; undefined where it sets no limit. */
  readonly limit: number | undefined;
}

/** The object's own time where the record does not tell: another tool published it. */
async function publishedAt({ bucket }: Options, record: ChannelRecord, release: string): Promise<number | undefined> {
  return latestSince(record) ?? (await bucket.head(release + record.fileExtension))?.changedAt;
}

/** Undefined for a channel that leads nowhere: one without a release, or removed, or whose record is damaged. */
async function measured(options: Options, channel: string): Promise<MeasuredChannel | undefined> {
  const { bucket, now, log } = options;
  const stored = await bucket.readText(recordKey(channel));
  try {
    const record = liveRecord(channel, stored?.text);
    const release = resolvedRelease(record);
    const since = release === undefined ? undefined : await publishedAt(options, record, release);
    if (release === undefined || since === undefined) return undefined;
    return { channel, release, age: Math.max(0, Math.round((now() - since) / 1_000)), limit: record.maxAge };
  } catch (error) {
    if (!(error instanceof Problem) || error.status >= 500) throw error;
    if (error.status !== 410) log('error', 'unreadable', { key: recordKey(channel), reason: describeError(error) });
    return undefined;
  }
}

/**
 * Counts the channels, how many of them are older than they allow, and how old the oldest is. Those that are overdue are named
 * in the log, one line each.
 */
export async function measureChannels(options: Options): Promise<void> {
  const { bucket, log, meter } = options;
  const catalog = catalogOf((await bucket.readText(catalogKey))?.text);
  const channels = [...new Set(catalog.channels)].filter(isReadableChannel);
  const found = (await mapLimit(channels, maxConcurrentRequests, (channel) => measured(options, channel))).filter(
    (one) => one !== undefined,
  );
  const overdue = found
    .filter(({ age, limit }) => limit !== undefined && age > limit)
    .sort((one, other) => other.age - one.age);
  for (const { channel, release, age, limit } of overdue.slice(0, maxNamed))
    log('warn', 'overdue', { channel, release, ageSeconds: age, limitSeconds: limit });
  if (overdue.length > maxNamed) log('warn', 'overdue', { more: overdue.length - maxNamed });
  meter({
    Channels: channels.length,
    OverdueChannels: overdue.length,
    ...(found.length === 0 ? {} : { OldestAge: found.reduce((oldest, { age }) => Math.max(oldest, age), 0) }),
  });
}

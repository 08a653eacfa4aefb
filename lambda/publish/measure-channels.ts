import { isReadableChannel } from '../../lib/domain/names.ts';
import { Problem } from '../../lib/domain/problem.ts';
import { type ChannelRecord, recordKey, resolvedRelease } from '../../lib/domain/record.ts';
import { latestSince } from '../../lib/domain/record-changes.ts';
import { mapLimit, maxConcurrentRequests } from '../../lib/store/write/s3-requests.ts';
import { describeError } from '../http/log.ts';
import { catalogDocument, liveRecordDocument, loadDocument } from './documents.ts';
import type { PublishOptions } from './observe-publish.ts';

/** Overdue channels that one run logs by name. */
const maxNamed = 50;

type Options = Pick<PublishOptions, 'bucket' | 'now' | 'log' | 'meter'>;

interface Measurement {
  readonly channel: string;
  readonly release: string;
  /** Since the channel points to its latest release. */
  readonly ageSeconds: number;
  /** The channel's setting; undefined where it has no limit. */
  readonly limitSeconds: number | undefined;
}

/** Where another tool wrote the record, the history does not say when: then it is the object's own time. */
async function publishedAt({ bucket }: Options, record: ChannelRecord, release: string): Promise<number | undefined> {
  return latestSince(record) ?? (await bucket.head(release + record.fileExtension))?.changedAt;
}

/** Undefined for a channel that points to no release: it has none, is removed, or its record is damaged. */
async function measured(options: Options, channel: string): Promise<Measurement | undefined> {
  const { bucket, now, log } = options;
  try {
    const record = await loadDocument(bucket, liveRecordDocument(channel));
    const release = resolvedRelease(record);
    const since = release === undefined ? undefined : await publishedAt(options, record, release);
    if (release === undefined || since === undefined) return undefined;
    const ageSeconds = Math.max(0, Math.round((now() - since) / 1_000));
    return { channel, release, ageSeconds, limitSeconds: record.maxAge };
  } catch (error) {
    if (!(error instanceof Problem) || error.status >= 500) throw error;
    if (error.status !== 410) log('error', 'unreadable', { key: recordKey(channel), reason: describeError(error) });
    return undefined;
  }
}

/** Counts the channels and the overdue ones, measures the age of the oldest, and logs a line for each overdue channel. */
export async function measureChannels(options: Options): Promise<void> {
  const { bucket, log, meter } = options;
  const catalog = await loadDocument(bucket, catalogDocument);
  const channels = [...new Set(catalog.channels)].filter(isReadableChannel);
  const found = (await mapLimit(channels, maxConcurrentRequests, (channel) => measured(options, channel))).filter(
    (one) => one !== undefined,
  );
  const overdue = found
    .filter(({ ageSeconds, limitSeconds }) => limitSeconds !== undefined && ageSeconds > limitSeconds)
    .sort((one, other) => other.ageSeconds - one.ageSeconds);
  for (const measurement of overdue.slice(0, maxNamed)) log('warn', 'overdue', { ...measurement });
  if (overdue.length > maxNamed) log('warn', 'overdue', { more: overdue.length - maxNamed });
  meter({
    Channels: channels.length,
    OverdueChannels: overdue.length,
    ...(found.length === 0
      ? {}
      : { OldestAge: found.reduce((oldest, { ageSeconds }) => Math.max(oldest, ageSeconds), 0) }),
  });
}

import { isReadableChannel } from '../../lib/domain/names.ts';
import { type ChannelRecord, resolvedRelease } from '../../lib/domain/record.ts';
import { latestSince } from '../../lib/domain/record-changes.ts';
import { mapLimit, maxConcurrentRequests } from '../../lib/store/write/s3-requests.ts';
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

/** Undefined for a channel that points to no release. */
async function measured(options: Options, channel: string, record: ChannelRecord): Promise<Measurement | undefined> {
  const release = resolvedRelease(record);
  const since = release === undefined ? undefined : await publishedAt(options, record, release);
  if (release === undefined || since === undefined) return undefined;
  const ageSeconds = Math.max(0, Math.round((options.now() - since) / 1_000));
  return { channel, release, ageSeconds, limitSeconds: record.maxAge };
}

/**
 * Counts the channels and the overdue ones, measures the age of the oldest, and logs a line for each overdue channel.
 *
 * @param names all channels of the catalog
 * @param records those of them that can be read; a removed channel has no age
 */
export async function measureChannels(
  options: Options,
  names: readonly string[],
  records: ReadonlyMap<string, ChannelRecord>,
): Promise<void> {
  const { log, meter } = options;
  const channels = [...new Set(names)].filter(isReadableChannel);
  const live = channels.flatMap((channel) => {
    const record = records.get(channel);
    return record === undefined || record.removed !== undefined ? [] : [[channel, record] as const];
  });
  const found = (await mapLimit(live, maxConcurrentRequests, (each) => measured(options, ...each))).filter(
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

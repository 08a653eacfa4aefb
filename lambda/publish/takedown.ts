import type { TakedownRequest } from '../../lib/api/admin-requests.ts';
import type { ObjectAddress, TakenDown } from '../../lib/api/answers.ts';
import { assertExistingChannel, assertExistingRelease, quoted } from '../../lib/domain/names.ts';
import { NotFound } from '../../lib/domain/problem.ts';
import { type ChannelRecord, hasRelease, resolvedRelease } from '../../lib/domain/record.ts';
import { type Author, rollbackTargets } from '../../lib/domain/record-changes.ts';
import { isRetired, retirementOf } from '../../lib/domain/retirement.ts';
import { withTakedown } from '../../lib/domain/retirement-changes.ts';
import type { BucketAddress } from '../../lib/store/read/bucket-location.ts';
import { earlierChange } from './change-record.ts';
import {
  catalogDocument,
  compareAndSwap,
  loadDocument,
  loadOthers,
  recordDocument,
  recordMissing,
} from './documents.ts';
import { authorOf, type PublishOptions } from './observe-publish.ts';
import { firstFactsOf } from './release-rules.ts';

interface Mark {
  readonly channel: string;
  readonly release: string;
  readonly reason: string;
  readonly instead?: string | undefined;
  readonly dryRun?: boolean | undefined;
}

interface Marked {
  readonly channel: string;
  readonly latest: string | null;
  readonly fresh: boolean;
}

const isTakenDown = (record: ChannelRecord, release: string): boolean =>
  retirementOf(record, release)?.takedown === true && record.latest !== release;

/** Marks the release in one record, and moves the channel where it points to the release. */
export async function markTakenDown(
  options: PublishOptions,
  { channel, release, reason, instead, dryRun }: Mark,
  author: Author,
): Promise<Marked> {
  let isWritten = false;
  const marked = await compareAndSwap(options, recordDocument(channel), {
    dryRun,
    decide: async (record): Promise<{ answer: Marked; next?: ChannelRecord }> => {
      isWritten = false;
      if (record === undefined) throw recordMissing(channel);
      const answerOf = (current: ChannelRecord, fresh: boolean): Marked => ({
        channel,
        latest: resolvedRelease(current) ?? null,
        fresh,
      });
      const earlier = earlierChange(record, author.operation, 'takedown');
      if (earlier !== undefined || isTakenDown(record, release))
        return { answer: answerOf(record, earlier !== undefined) };
      if (instead !== undefined && (!hasRelease(record, instead) || isRetired(record, instead) || instead === release))
        throw new NotFound(`"${instead}" is not a release of "${channel}" that readers can use instead.`);
      const targets = rollbackTargets(record).filter((name) => name !== release);
      const next =
        record.latest === release ? await firstFactsOf(options.bucket, targets, record.fileExtension) : undefined;
      const changed = withTakedown(record, { release, reason, instead, next }, author);
      isWritten = true;
      return { answer: answerOf(changed, true), next: changed };
    },
  });
  if (isWritten && dryRun !== true)
    options.log('warn', 'takedown', { channel, release, reason, ...author, to: marked.latest });
  return marked;
}

/** Settings have more than the address: nothing else may get into an answer. */
const addressOf = ({ bucket, region, endpoint, pathStyle }: BucketAddress, key: string): ObjectAddress => ({
  bucket,
  region,
  ...(endpoint === undefined ? {} : { endpoint }),
  ...(pathStyle === undefined ? {} : { pathStyle }),
  key,
});

/** While channels promote the release at the same time, their records are looked at again. */
const maxRounds = 5;

/**
 * Makes a release unavailable at once and for ever, in every channel that has it. The object itself is deleted by whoever has
 * that right: this function has not.
 */
export async function takeDown(
  options: PublishOptions,
  channel: string,
  { operation, release, reason, instead, dryRun = false }: TakedownRequest,
  by: string,
): Promise<TakenDown> {
  assertExistingChannel(channel);
  assertExistingRelease(release);
  if (instead !== undefined) assertExistingRelease(instead, 'instead');
  const { bucket, bucketAddress, distributionId } = options;
  const { channels, removed } = await loadDocument(bucket, catalogDocument);
  if (!channels.includes(channel) && !removed.includes(channel))
    throw new NotFound(`There is no channel ${quoted(channel)}.`);
  const record = await loadDocument(bucket, recordDocument(channel));
  if (record === undefined) throw recordMissing(channel);
  const key = release + record.fileExtension;
  if (!hasRelease(record, release) && !isRetired(record, release)) {
    // A release that no record names can be read as well.
    const owner = (await bucket.head(key))?.metadata.channel;
    if (owner !== channel) throw new NotFound(`"${release}" is not a release of "${channel}".`);
  }

  const author = authorOf(options, operation, by);
  const marks = new Map<string, Marked>();
  marks.set(channel, await markTakenDown(options, { channel, release, reason, instead, dryRun }, author));
  for (let round = 0; round < maxRounds; round += 1) {
    const others = (await loadOthers(options, channel)).flatMap(([name, { fileExtension, ...other }]) => {
      const named = key.endsWith(fileExtension) ? key.slice(0, -fileExtension.length) : '';
      const isOpen = hasRelease({ fileExtension, ...other }, named) && !isTakenDown({ fileExtension, ...other }, named);
      return isOpen && !(dryRun && marks.has(name)) ? [{ channel: name, release: named }] : [];
    });
    if (others.length === 0) break;
    for (const other of others)
      marks.set(other.channel, await markTakenDown(options, { ...other, reason, dryRun }, author));
  }
  const all = [...marks.values()];
  return {
    channel,
    action: 'takedown',
    fresh: all.some(({ fresh }) => fresh),
    release,
    channels: all.map(({ channel: name, latest }) => ({ channel: name, latest })),
    ...(bucketAddress === undefined ? {} : { object: addressOf(bucketAddress, key) }),
    ...(distributionId === undefined ? {} : { distributionId }),
  };
}

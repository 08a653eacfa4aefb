import type { ChannelRecord } from '../../lib/domain/record.ts';
import { removableReleases, untaggedReleases, withRemovals, withTags } from '../../lib/domain/removal.ts';
import {
  conflictingRetirements,
  type Holders,
  holdersBeside,
  holdingChannels,
  retirementOf,
} from '../../lib/domain/retirement.ts';
import { mapLimit, maxConcurrentRequests } from '../../lib/store/write/s3-requests.ts';
import { type AllRecords, agreedTime, othersOf, type Run, scheduleAuthor } from './all-records.ts';
import { compareAndSwap, recordDocument } from './documents.ts';
import { authorOf, type PublishOptions } from './observe-publish.ts';
import { followUp, undoConflicting } from './other-channels.ts';

/** Objects that one run hands over. */
const maxRemovals = 200;

/** Undoes retirements that a channel needs nevertheless: it points to the release, or has it while another retired it. */
export async function takeBackConflicting(
  options: PublishOptions,
  all: AllRecords,
  { operation, hasTime }: Run,
): Promise<void> {
  // What a record that cannot be read needs is not known: the next run decides.
  if (all.unread.length > 0) return;
  const retiring = [...all.records].filter(([, { retired }]) => Object.keys(retired).length > 0);
  if (retiring.length === 0) return;
  const holding = holdingChannels(all.records);
  for (const [channel, record] of retiring) {
    if (!hasTime()) return;
    if (conflictingRetirements(record, holdersBeside(holding, channel)).length === 0) continue;
    await undoConflicting(options, channel, followUp(authorOf(options, operation, scheduleAuthor)));
  }
}

interface Removal {
  readonly channel: string;
  /** What other channels need. */
  readonly holders: Holders;
  readonly others: readonly ChannelRecord[];
  readonly time: number;
  readonly limit: number;
}

/** Marks what is due in the record. Returns the record and everything whose object needs a tag. */
async function markRemovals(
  options: PublishOptions,
  { channel, holders, others, time, limit }: Removal,
): Promise<{ readonly record: ChannelRecord; readonly releases: readonly string[] } | undefined> {
  return compareAndSwap(options, recordDocument(channel), {
    decide: (record) => {
      if (record === undefined) return { answer: undefined };
      const untagged = untaggedReleases(record).slice(0, limit);
      const due = removableReleases(record, holders, others, time).slice(0, limit - untagged.length);
      const releases = [...untagged, ...due];
      if (due.length === 0) return { answer: { record, releases } };
      const next = withRemovals(record, due, new Date(time).toISOString());
      return { answer: { record: next, releases }, next };
    },
  });
}

/** Returns how many objects were looked at, and whether the store refuses to tag them. */
async function handOver(
  options: PublishOptions,
  removal: Removal,
): Promise<{ readonly count: number; readonly isRefused: boolean }> {
  const { bucket, log } = options;
  const { channel } = removal;
  const { record, releases = [] } = (await markRemovals(options, removal)) ?? {};
  if (record === undefined || releases.length === 0) return { count: 0, isRefused: false };
  const tagged: string[] = [];
  let refusal: string | undefined;
  await mapLimit(releases, maxConcurrentRequests, async (release) => {
    if (refusal !== undefined) return;
    const key = release + record.fileExtension;
    const outcome = await bucket.tagRetired(key);
    if (typeof outcome === 'object') {
      refusal = outcome.refused;
      log('error', 'not removed', { channel, release, key, error: refusal });
      return;
    }
    tagged.push(release);
    const { reason, at, by } = retirementOf(record, release) ?? {};
    log('info', 'expire', { channel, release, key, object: outcome, reason, retiredAt: at, by });
  });
  if (tagged.length > 0)
    await compareAndSwap(options, recordDocument(channel), {
      decide: (current) => {
        const done = current === undefined ? [] : untaggedReleases(current).filter((each) => tagged.includes(each));
        return current === undefined || done.length === 0
          ? { answer: undefined }
          : { answer: undefined, next: withTags(current, done) };
      },
    });
  return { count: releases.length, isRefused: refusal !== undefined };
}

/**
 * Hands over to the bucket's lifecycle what was retired and whose grace time is over. This function has no right to delete: it
 * sets the tag by which a rule of the bucket does. While a record cannot be read, nothing is handed over.
 */
export async function removeRetired(options: PublishOptions, all: AllRecords, { hasTime }: Run): Promise<void> {
  const { now, log } = options;
  const retiring = [...all.records].filter(([, { retired }]) => Object.keys(retired).length > 0);
  if (retiring.length === 0) return;
  const holding = holdingChannels(all.records);
  const besideOf = (channel: string) => ({
    holders: holdersBeside(holding, channel),
    others: othersOf(all, channel).map(([, other]) => other),
  });
  const mayBeDue = retiring.filter(([channel, record]) => {
    const { holders, others } = besideOf(channel);
    return untaggedReleases(record).length + removableReleases(record, holders, others, now()).length > 0;
  });
  if (mayBeDue.length === 0) return;
  if (all.unread.length > 0) {
    log('error', 'not removed', { reason: 'a record that cannot be read may name these releases', keys: all.unread });
    return;
  }
  const time = await agreedTime(options);
  let left = maxRemovals;
  for (const [channel] of mayBeDue) {
    if (time === undefined || left === 0 || !hasTime()) return;
    const { count, isRefused } = await handOver(options, {
      channel,
      ...besideOf(channel),
      time,
      limit: left,
    });
    if (isRefused) return;
    left -= count;
  }
}

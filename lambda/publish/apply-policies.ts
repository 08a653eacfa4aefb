import type { ChannelRecord, Retention } from '../../lib/domain/record.ts';
import type { Author } from '../../lib/domain/record-changes.ts';
import {
  type Holders,
  holdersBeside,
  holdingChannels,
  retirementOf,
  selected,
  selectionOf,
} from '../../lib/domain/retirement.ts';
import { withRetirement } from '../../lib/domain/retirement-changes.ts';
import { defaultRetiredDays } from '../../lib/domain/store.ts';
import { type AllRecords, agreedTime, type Run, scheduleAuthor } from './all-records.ts';
import { compareAndSwap, recordDocument } from './documents.ts';
import { type Listing, sinceOf } from './measure-bytes.ts';
import { authorOf, type PublishOptions } from './observe-publish.ts';

/** Releases that one run retires, of all channels together. */
const maxRetirements = 50;
const dayMs = 86_400_000;

const choose = (record: ChannelRecord, retain: Retention, listing: Listing, time: number): string[] =>
  selected(record, selectionOf(retain), sinceOf(record, listing), time);

/** What readers are told. */
const reasonOf = ({ keep, days }: Retention): string =>
  `The policy of this channel keeps its newest ${keep} releases, and those of the last ${days} days.`;

/** What policies choose, the oldest of all channels first. */
function chosen({ records }: AllRecords, listing: Listing, time: number): ReadonlyMap<string, readonly string[]> {
  const all = [...records].flatMap(([channel, record]) => {
    const { retain, removed } = record;
    if (retain === undefined || removed !== undefined) return [];
    const since = sinceOf(record, listing);
    return choose(record, retain, listing, time).map((release) => ({ channel, release, since: since(release) ?? 0 }));
  });
  const oldest = all.sort((one, other) => one.since - other.since).slice(0, maxRetirements);
  return new Map(
    [...Map.groupBy(oldest, ({ channel }) => channel)].map(([channel, group]) => [
      channel,
      group.map(({ release }) => release),
    ]),
  );
}

interface Retiring {
  /** What other channels need. */
  readonly holders: Holders;
  readonly listing: Listing;
  readonly time: number;
  /** ISO 8601 */
  readonly until: string;
  readonly author: Author;
}

/** The record with these releases retired, as far as its policy still chooses them; undefined if it chooses none. */
function withPolicy(
  record: ChannelRecord,
  wanted: readonly string[],
  { holders, listing, time, until, author }: Retiring,
): ChannelRecord | undefined {
  const { retain, removed, fileExtension } = record;
  if (retain === undefined || removed !== undefined) return undefined;
  const still = new Set(choose(record, retain, listing, time));
  const releases = wanted.filter((release) => still.has(release));
  const isShared = (release: string): boolean => holders.has(release + fileExtension);
  const next = [true, false].reduce((changed, shared) => {
    const group = releases.filter((release) => isShared(release) === shared);
    const details = { releases: group, reason: reasonOf(retain), until, shared };
    return group.length === 0 ? changed : withRetirement(changed, details, author);
  }, record);
  return releases.length === 0 ? undefined : next;
}

/**
 * Retires what the policies of channels choose. What another channel has as well is only given up: it stays available there.
 * Returns whether anything was retired. While a record cannot be read, nothing is.
 */
export async function applyPolicies(
  options: PublishOptions,
  all: AllRecords,
  listing: Listing,
  { operation, hasTime }: Run,
): Promise<boolean> {
  const { now, log, retiredDays = defaultRetiredDays } = options;
  if (chosen(all, listing, now()).size === 0) return false;
  if (all.unread.length > 0) {
    log('error', 'not retired', { reason: 'a record that cannot be read may name these releases', keys: all.unread });
    return false;
  }
  const time = await agreedTime(options);
  if (time === undefined) return false;
  const author = authorOf({ now: () => time }, operation, scheduleAuthor);
  const until = new Date(time + retiredDays * dayMs).toISOString();
  // With what was changed before: what two channels have, the first one gives up, and the second one retires.
  const holding = holdingChannels(all.records);
  let isChanged = false;
  for (const [channel, wanted] of chosen(all, listing, time)) {
    if (!hasTime()) break;
    const holders = holdersBeside(holding, channel);
    const retired = await compareAndSwap(options, recordDocument(channel), {
      decide: (record) => {
        const next = record && withPolicy(record, wanted, { holders, listing, time, until, author });
        return next === undefined ? { answer: undefined } : { answer: next, next };
      },
    });
    if (retired === undefined) continue;
    isChanged = true;
    for (const release of wanted.filter((each) => retirementOf(retired, each)?.at === author.at)) {
      const key = release + retired.fileExtension;
      holding.set(
        key,
        (holding.get(key) ?? []).filter((name) => name !== channel),
      );
      const { shared = false } = retirementOf(retired, release) ?? {};
      log('info', 'retire', { channel, release, until, shared, operation, by: scheduleAuthor });
    }
  }
  return isChanged;
}

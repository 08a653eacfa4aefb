import { isObject, isReadableName, isText } from './names.ts';
import type { ChannelRecord, Retention } from './record.ts';

/** In one request. */
export const maxRetiredReleases = 10_000;

/** Why a release is never retired, since when and by whom. */
export interface Pin {
  readonly reason: string;
  readonly at: string;
  readonly by: string;
}

/** Why a release is no longer available, since when and by whom. */
export interface Retirement {
  readonly reason: string;
  readonly at: string;
  readonly by: string;
  /** ISO 8601: the end of the grace time, in which the retirement can be undone. */
  readonly until: string;
  /** A release that readers can use instead. */
  readonly instead?: string;
  /** ISO 8601: when the object was handed to the lifecycle rule. */
  readonly removed?: string;
  /** Retired at once and for ever, even if it was the latest. */
  readonly takedown?: true;
  /** Given up by this channel only: other channels had the release, so it stays available, and its object stays. */
  readonly shared?: true;
}

const textOf = (value: unknown): string => (isText(value) ? value : '');

/** A mark that another tool damaged still counts, with empty texts for what is lost. */
export function retirementOf({ retired }: ChannelRecord, release: string): Retirement | undefined {
  if (!Object.hasOwn(retired, release)) return undefined;
  const mark = retired[release];
  const { reason, at, by, until, instead, removed, takedown, shared } = isObject(mark) ? mark : {};
  return {
    reason: textOf(reason),
    at: textOf(at),
    by: textOf(by),
    until: textOf(until),
    ...(isText(instead) && isReadableName(instead) ? { instead } : {}),
    ...(isText(removed) ? { removed } : {}),
    ...(takedown === true ? { takedown } : {}),
    ...(shared === true ? { shared } : {}),
  };
}

export const isRetired = ({ retired }: ChannelRecord, release: string): boolean => Object.hasOwn(retired, release);

export const isPinned = ({ pinned }: ChannelRecord, release: string): boolean => Object.hasOwn(pinned, release);

/** All releases of a channel, oldest first. */
export const releasesOf = ({ latest, previous }: ChannelRecord): readonly string[] =>
  latest === undefined ? previous : [...previous.filter((release) => release !== latest), latest];

/** By the key of an object: a channel that still needs it. */
export type Holders = Pick<ReadonlyMap<string, string>, 'get' | 'has'>;

type Records = Iterable<readonly [channel: string, record: ChannelRecord]>;

/** The keys of what a channel still needs: every release that it names and has not retired, and its latest in any case. */
function* neededKeys(record: ChannelRecord): Generator<string> {
  for (const release of releasesOf(record))
    if (release === record.latest ? retirementOf(record, release)?.takedown !== true : !isRetired(record, release))
      yield release + record.fileExtension;
}

/** What these channels still need. A removed channel's releases can still be read, so its record counts too. */
export function holdersOf(records: Records): ReadonlyMap<string, string> {
  const holders = new Map<string, string>();
  for (const [channel, record] of records) for (const key of neededKeys(record)) holders.set(key, channel);
  return holders;
}

/** By the key of an object: all channels that still need it. */
export type HoldingChannels = Map<string, readonly string[]>;

/** The same for all channels at once, so that it is made once for all of them and not again for each. */
export function holdingChannels(records: Records): HoldingChannels {
  const holding: HoldingChannels = new Map();
  for (const [channel, record] of records) {
    const only = [channel];
    for (const key of neededKeys(record)) {
      const others = holding.get(key);
      holding.set(key, others === undefined ? only : [...others, channel]);
    }
  }
  return holding;
}

/** What the other channels still need. */
export function holdersBeside(holding: HoldingChannels, channel: string): Holders {
  const get = (key: string): string | undefined => holding.get(key)?.find((name) => name !== channel);
  return { get, has: (key) => get(key) !== undefined };
}

/** Why a release cannot be retired. */
export type Hold =
  | { readonly kind: 'unknown' | 'retired' | 'latest' | 'pinned' }
  | { readonly kind: 'named'; readonly channel: string };

/**
 * @param holders what other channels need
 * @param previous of the record; made once by whoever asks for many releases
 */
export function holdOn(
  record: ChannelRecord,
  release: string,
  holders: Holders,
  previous: ReadonlySet<string> = new Set(record.previous),
): Hold | undefined {
  if (release === record.latest) return { kind: 'latest' };
  if (!previous.has(release)) return { kind: 'unknown' };
  if (isRetired(record, release)) return { kind: 'retired' };
  if (isPinned(record, release)) return { kind: 'pinned' };
  const channel = holders.get(release + record.fileExtension);
  return channel === undefined ? undefined : { kind: 'named', channel };
}

/** Releases by age, by number, or by both: then only what both choose. */
export interface Selection {
  readonly olderThanSeconds?: number | undefined;
  /** The newest releases, which are not chosen. Retired ones do not count. */
  readonly keep?: number | undefined;
}

export const selectionOf = ({ keep, days }: Retention): Selection => ({ keep, olderThanSeconds: days * 86_400 });

/** The releases that a selection may choose if they are old enough, oldest first: never the latest, never a pinned or retired one. */
export function candidates(record: ChannelRecord, { keep = 0 }: Selection): string[] {
  const available = releasesOf(record).filter((release) => !isRetired(record, release));
  return available
    .slice(0, Math.max(0, available.length - keep))
    .filter((release) => release !== record.latest && !isPinned(record, release));
}

/**
 * @param since when the channel got a release, in milliseconds since 1970; a release of unknown age is not chosen by age
 */
export function selected(
  record: ChannelRecord,
  selection: Selection,
  since: (release: string) => number | undefined,
  now: number,
): string[] {
  const { olderThanSeconds } = selection;
  const isOld = (release: string): boolean => {
    const time = since(release);
    return olderThanSeconds === undefined || (time !== undefined && now - time > olderThanSeconds * 1_000);
  };
  return candidates(record, selection).filter(isOld);
}

/** By release, when the history says that the channel got it, in milliseconds since 1970. */
export function publicationTimes({ history }: ChannelRecord): ReadonlyMap<string, number> {
  const times = new Map<string, number>();
  for (const { action, release, at } of history) {
    const time = Date.parse(at);
    if ((action === 'publish' || action === 'promote') && release !== undefined && !times.has(release) && time >= 0)
      times.set(release, time);
  }
  return times;
}

/** The marks that can be undone or carried out: neither shared, nor of a takedown, nor of an object that is gone. */
const pending = (record: ChannelRecord): readonly (readonly [string, Retirement])[] =>
  Object.keys(record.retired).flatMap((release) => {
    const mark = retirementOf(record, release);
    const isPending = mark !== undefined && !mark.shared && !mark.takedown && mark.removed === undefined;
    return isPending ? [[release, mark] as const] : [];
  });

/**
 * The retired releases whose grace time is over, and whose objects are still to be removed.
 * @param now milliseconds since 1970
 */
export const dueRetirements = (record: ChannelRecord, now: number): string[] =>
  pending(record)
    .filter(([, { until }]) => now >= Date.parse(until))
    .map(([release]) => release);

/**
 * The retired releases that a channel needs nevertheless: they became the latest, or were promoted, at the same time. Their
 * retirement is to be undone.
 * @param holders what other channels need
 */
export const conflictingRetirements = (record: ChannelRecord, holders: Holders): string[] =>
  pending(record)
    .filter(([release]) => release === record.latest || holders.has(release + record.fileExtension))
    .map(([release]) => release);

/** Whether a retirement can still be undone: its object is neither gone nor about to go. */
export const canUndo = ({ until, removed, takedown }: Retirement, now: number): boolean =>
  takedown !== true && removed === undefined && !(now >= Date.parse(until));

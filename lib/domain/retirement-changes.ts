import type { ChannelRecord, LatestFacts } from './record.ts';
import { type Author, changed, previousAfter } from './record-changes.ts';
import type { Pin, Retirement } from './retirement.ts';

interface RetirementDetails {
  readonly releases: readonly string[];
  readonly reason: string;
  /** ISO 8601 */
  readonly until: string;
  readonly instead?: string | undefined;
  readonly shared?: boolean | undefined;
}

const markOf = (
  { reason, until, instead }: Pick<RetirementDetails, 'reason' | 'until' | 'instead'>,
  { at, by }: Author,
): Retirement => ({ reason, at, by, until, ...(instead === undefined ? {} : { instead }) });

/** One release by its name, or several by their number. */
const about = (releases: readonly string[]) =>
  releases.length === 1 ? { release: releases[0] } : { count: releases.length };

export function withRetirement(
  record: ChannelRecord,
  { releases, reason, until, instead, shared = false }: RetirementDetails,
  author: Author,
): ChannelRecord {
  const mark: Retirement = { ...markOf({ reason, instead, until }, author), ...(shared ? { shared: true } : {}) };
  const retired = { ...record.retired, ...Object.fromEntries(releases.map((release) => [release, mark])) };
  return changed({ ...record, retired }, { action: 'retire', ...about(releases), reason }, author);
}

const withoutKeys = (marks: ChannelRecord['retired'], keys: readonly string[]): ChannelRecord['retired'] => {
  const gone = new Set(keys);
  return Object.fromEntries(Object.entries(marks).filter(([key]) => !gone.has(key)));
};

/** @param reason why, where nobody asked for it */
export function withoutRetirement(
  record: ChannelRecord,
  releases: readonly string[],
  author: Author,
  reason?: string,
): ChannelRecord {
  const retired = withoutKeys(record.retired, releases);
  return changed({ ...record, retired }, { action: 'unretire', ...about(releases), reason }, author);
}

export function withPin(record: ChannelRecord, release: string, reason: string, author: Author): ChannelRecord {
  const { at, by } = author;
  const pinned = { ...record.pinned, [release]: { reason, at, by } satisfies Pin };
  return changed({ ...record, pinned }, { action: 'pin', release, reason }, author);
}

export const withoutPin = (record: ChannelRecord, release: string, author: Author): ChannelRecord =>
  changed({ ...record, pinned: withoutKeys(record.pinned, [release]) }, { action: 'unpin', release }, author);

interface TakedownDetails {
  readonly release: string;
  readonly reason: string;
  readonly instead?: string | undefined;
  /** The new latest release, where the channel points to the one that is taken down; undefined leaves it without a release. */
  readonly next: LatestFacts | undefined;
}

/** Retires a release at once and for ever. A channel that points to it moves as it does after a yank. */
export function withTakedown(
  record: ChannelRecord,
  { release, reason, instead, next }: TakedownDetails,
  author: Author,
): ChannelRecord {
  const mark: Retirement = { ...markOf({ reason, instead, until: author.at }, author), takedown: true };
  const marked = {
    ...record,
    retired: { ...record.retired, [release]: mark },
    pinned: withoutKeys(record.pinned, [release]),
  };
  const details = { action: 'takedown', release, from: record.latest, reason } as const;
  if (record.latest !== release) return changed(marked, { ...details, to: record.latest }, author);
  const to = next?.release;
  const moved = { ...marked, latest: to, previous: previousAfter(record, to), facts: next };
  return changed(moved, { ...details, to }, author);
}

import { isReadableName } from './names.ts';
import { type Change, type ChannelRecord, type LatestFacts, maxChanges } from './record.ts';
import type { ArchiveFacts } from './release.ts';

/** Which operation makes a change, when, and who. */
export interface Author {
  readonly operation: string;
  readonly at: string;
  readonly by: string;
}

/** Why a release was yanked, when and by whom. */
export interface Yank {
  readonly reason: string;
  readonly at: string;
  readonly by: string;
}

export function newRecord(fileExtension: string, author: Author): ChannelRecord {
  return {
    latest: undefined,
    fileExtension,
    previous: [],
    serial: 1,
    facts: undefined,
    archives: {},
    history: [{ serial: 1, action: 'add', ...author }],
    yanked: {},
    pinned: {},
    retired: {},
    retain: undefined,
    maxAge: undefined,
    removed: undefined,
    others: {},
  };
}

/** Undefined keys are left out of the history. */
type ChangeDetails = Pick<Change, 'action' | 'visibility' | 'maxAge' | 'retain'> & {
  readonly [Key in 'release' | 'count' | 'from' | 'to' | 'source' | 'reason']?: Change[Key] | undefined;
};

/** The record with the next serial, and with the change in its history. */
export function changed(record: ChannelRecord, details: ChangeDetails, author: Author): ChannelRecord {
  const serial = record.serial + 1;
  const known = Object.fromEntries(Object.entries(details).filter(([, value]) => value !== undefined));
  const change = { serial, ...known, ...author } as Change;
  const history = [...record.history, change].slice(-maxChanges);
  const named = new Set([record.latest, ...history.map(({ release }) => release)]);
  const archives = Object.fromEntries(Object.entries(record.archives).filter(([release]) => named.has(release)));
  return { ...record, serial, archives, history };
}

/** `previous` after another release became the latest: nothing is lost, and no release is in it twice. */
export function previousAfter({ latest, previous }: ChannelRecord, next: string | undefined): readonly string[] {
  const others = previous.filter((release) => release !== next && release !== latest);
  return latest === undefined || latest === next ? others : [...others, latest];
}

interface Move {
  readonly action: 'publish' | 'rollback' | 'promote';
  readonly facts: LatestFacts;
  /** Undefined where it is unknown, or already in the record. */
  readonly archive?: ArchiveFacts | undefined;
  readonly source?: string;
}

/** Makes a release the latest; the one before becomes the last of `previous`. */
export function withLatest(
  record: ChannelRecord,
  { action, facts, archive, source }: Move,
  author: Author,
): ChannelRecord {
  const { release } = facts;
  const archives = archive === undefined ? record.archives : { ...record.archives, [release]: archive };
  const next = { ...record, latest: release, previous: previousAfter(record, release), facts, archives };
  return changed(next, { action, release, from: record.latest, source }, author);
}

/** The earlier releases that a channel may point to again, newest first: not yanked, not retired, and with a name that can be served. */
export const rollbackTargets = ({ previous, yanked, retired }: ChannelRecord): string[] =>
  previous
    .filter((release) => isReadableName(release) && !Object.hasOwn(yanked, release) && !Object.hasOwn(retired, release))
    .reverse();

interface YankDetails {
  readonly release: string;
  readonly reason: string;
  /** The new latest release, where the yanked one was the latest; undefined leaves the channel without a release. */
  readonly next: LatestFacts | undefined;
}

export function withYank(record: ChannelRecord, { release, reason, next }: YankDetails, author: Author): ChannelRecord {
  const { at, by } = author;
  const yanked = { ...record.yanked, [release]: { reason, at, by } satisfies Yank };
  const details = { action: 'yank', release, from: record.latest, reason } as const;
  if (record.latest !== release) return changed({ ...record, yanked }, { ...details, to: record.latest }, author);
  const to = next?.release;
  const moved = { ...record, yanked, latest: to, previous: previousAfter(record, to), facts: next };
  return changed(moved, { ...details, to }, author);
}

interface UnyankDetails {
  readonly release: string;
  /** The new latest release of a channel that has none. */
  readonly next: LatestFacts | undefined;
}

/** Undoes a yank. The latest release stays the same, where there is one. */
export function withoutYank(record: ChannelRecord, { release, next }: UnyankDetails, author: Author): ChannelRecord {
  const { [release]: _, ...yanked } = record.yanked;
  const unyanked = { ...record, yanked };
  const to = record.latest ?? next?.release;
  const moved =
    record.latest === undefined
      ? { ...unyanked, latest: to, previous: previousAfter(unyanked, to), facts: next }
      : unyanked;
  return changed(moved, { action: 'unyank', release, from: record.latest, to }, author);
}

/** Settings that differ from the current ones. A maximum age of null is no limit. `reason` names the others. */
export type ChangedSettings = Pick<Change, 'visibility' | 'maxAge' | 'retain' | 'reason'>;

/** The visibility itself is in the catalog; the record has who asked for it. */
export function withSettings(record: ChannelRecord, settings: ChangedSettings, author: Author): ChannelRecord {
  const { maxAge, retain } = settings;
  const next = {
    ...record,
    ...(maxAge === undefined ? {} : { maxAge: maxAge ?? undefined }),
    ...(retain === undefined ? {} : { retain: retain ?? undefined }),
  };
  return changed(next, { action: 'set', ...settings }, author);
}

/** Marks a channel as removed; its releases stay. */
export function withRemoval(record: ChannelRecord, author: Author): ChannelRecord {
  const { at, by } = author;
  return changed({ ...record, removed: { at, by } }, { action: 'remove', from: record.latest }, author);
}

/** Undoes a removal: the channel is as it was before. */
export const withRestoration = (record: ChannelRecord, author: Author): ChannelRecord =>
  changed({ ...record, removed: undefined }, { action: 'restore' }, author);

/** Adds the mend to the history. */
export const withMend = (mended: ChannelRecord, kinds: readonly string[], author: Author): ChannelRecord =>
  changed(mended, { action: 'mend', reason: kinds.join(', ') }, author);

/** Changes that never move the latest, although they name a release. */
const stillActions: readonly Change['action'][] = ['retire', 'unretire', 'pin', 'unpin'];

/** The latest before and after a change. */
type Step = Pick<Change, 'from' | 'to'>;

function stepOf({ action, release, from, to }: Change): Step {
  if (stillActions.includes(action)) return {};
  const after = action === 'yank' || action === 'unyank' || action === 'takedown' ? to : (release ?? from);
  return { ...(from === undefined ? {} : { from }), ...(after === undefined ? {} : { to: after }) };
}

const movesLatest = (change: Change): boolean => {
  const { from, to } = stepOf(change);
  return from !== to;
};

/** The newest change that made a release the latest; undefined where the history has none. */
export const latestMove = ({ history }: ChannelRecord): Change | undefined =>
  history.findLast((entry) => movesLatest(entry) && stepOf(entry).to !== undefined);

/**
 * When the latest release became the latest, in milliseconds since 1970. Undefined where the history does not have it: another
 * tool wrote the record since, or the history does not go back that far.
 */
export function latestSince(record: ChannelRecord): number | undefined {
  const { latest } = record;
  if (latest === undefined) return undefined;
  const change = latestMove(record);
  if (change === undefined || stepOf(change).to !== latest) return undefined;
  const time = Date.parse(change.at);
  return Number.isNaN(time) ? undefined : time;
}

/** A channel's move from one release to another. */
export interface ChannelMove {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** The release before, where its name is known and can be requested. */
  readonly from: string | undefined;
}

/**
 * The channel's last move from another release to its latest; undefined where there never was another. A first release or a
 * changed setting is not a move, nor is a time without a release before the same release came back. Where the history does not
 * have it, because another tool wrote the record, the move is dated to when the record was written, or to the history's start.
 *
 * @param changedAt when the record was written, in milliseconds since 1970
 */
export function lastMove(record: ChannelRecord, changedAt: number): ChannelMove | undefined {
  const { latest, previous, history } = record;
  const other = previous.findLast((release) => release !== latest);
  if (latest === undefined || other === undefined) return undefined;
  const timeOf = (change: Change): number => {
    const time = Date.parse(change.at);
    return Number.isNaN(time) ? changedAt : time;
  };
  const moveFrom = (from: string, at: number): ChannelMove => ({ at, from: isReadableName(from) ? from : undefined });
  const moves = history.filter(movesLatest);
  const last = moves.at(-1);
  const [first] = history;
  if (last === undefined) return moveFrom(other, first === undefined ? changedAt : Math.min(changedAt, timeOf(first)));
  if (stepOf(last).to !== latest) return moveFrom(other, changedAt);
  let since = timeOf(last);
  for (const move of moves.toReversed()) {
    const { from, to } = stepOf(move);
    if (to === latest) since = timeOf(move);
    if (from !== undefined && from !== latest) return moveFrom(from, since);
  }
  return moveFrom(other, since);
}

import { type Visibility, visibilities } from './catalog.ts';
import { brokenStoredExtensionRule, isMaxAge, isObject, isReadableName, isText } from './names.ts';
import { InvalidInput } from './problem.ts';
import { type ArchiveFacts, credibleFacts, isArchiveFacts, isCount, type ReleaseFacts } from './release.ts';

export const defaultExtension = '.tar.xz';

export const recordKey = (channel: string): string => `${channel}.json`;

/** A policy: the newest `keep` releases stay, and so does every release that is younger than `days`. */
export interface Retention {
  readonly keep: number;
  readonly days: number;
}

/** The history keeps the newest ones. */
export const maxChanges = 200;

/** One operation on a channel: what, from which latest release to which, when (ISO 8601) and who (the caller's ARN). */
export interface Change {
  readonly serial: number;
  /** The command makes one for each run, so that a repeat can be recognised. */
  readonly operation: string;
  readonly action:
    | 'add'
    | 'publish'
    | 'rollback'
    | 'promote'
    | 'yank'
    | 'unyank'
    | 'remove'
    | 'restore'
    | 'mend'
    | 'set'
    | 'retire'
    | 'unretire'
    | 'pin'
    | 'unpin'
    | 'takedown';
  /** The release that became the latest; of a yank, a retirement, a pin or a takedown, the release that it is about. */
  readonly release?: string;
  /** Of a retirement of several releases, or of its undoing: how many. */
  readonly count?: number;
  /** The latest release before. */
  readonly from?: string;
  /** Of a yank or a takedown: the latest release after it; absent where none was left. */
  readonly to?: string;
  /** Of a promotion: the channel that the release comes from. */
  readonly source?: string;
  /**
   * Of a yank, a retirement, a pin or a takedown; of a mend, the kinds of findings that were mended; of a change of settings,
   * the names of those that have no key here.
   */
  readonly reason?: string;
  /** Of a change of settings. */
  readonly visibility?: Visibility;
  /** Of a change of settings; null where the limit was removed. */
  readonly maxAge?: number | null;
  /** Of a change of settings; null where the policy was removed. */
  readonly retain?: Retention | null;
  readonly at: string;
  readonly by: string;
}

/** The facts of the latest release, with its name and entity tag, which show whether the facts still belong to it. */
export interface LatestFacts extends ReleaseFacts {
  readonly release: string;
  readonly etag: string;
  /** Bytes. Records of earlier versions have none. */
  readonly size?: number;
}

/** A channel's record, `{channel}.json`. The Rust service knows only `latest`, `file_extension` and `previous`. */
export interface ChannelRecord {
  readonly latest: string | undefined;
  readonly fileExtension: string;
  /** Oldest first. */
  readonly previous: readonly string[];
  /** Increases by one with each change; 0 in a record of another tool. */
  readonly serial: number;
  readonly facts: LatestFacts | undefined;
  /** By release: the latest and those in the history, where their archives were inspected. */
  readonly archives: Readonly<Record<string, ArchiveFacts>>;
  /** The newest changes, oldest first. */
  readonly history: readonly Change[];
  /** Releases that the channel never points to again, each with a `Yank`. */
  readonly yanked: Readonly<Record<string, unknown>>;
  /** Releases that are never retired, each with a `Pin`. */
  readonly pinned: Readonly<Record<string, unknown>>;
  /** Releases that are no longer available, each with a `Retirement`. */
  readonly retired: Readonly<Record<string, unknown>>;
  /** The policy by which releases are retired; undefined where there is none. */
  readonly retain: Retention | undefined;
  /** Seconds: the age of the latest release from which the channel counts as overdue. */
  readonly maxAge: number | undefined;
  /** Present on a channel that was removed. */
  readonly removed: unknown;
  /** Keys that serving a release needs nothing of: what about.ts reads, and what other tools wrote. */
  readonly others: Readonly<Record<string, unknown>>;
}

function parseLatest(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string' && isReadableName(value)) return value;
  throw new Error('"latest" is not the name of a release');
}

function parseExtension(value: unknown): string {
  if (value === undefined || value === null) return defaultExtension;
  const rule = typeof value === 'string' ? brokenStoredExtensionRule(value) : 'must be a string';
  if (rule === undefined) return value as string;
  throw new Error(`"file_extension" ${rule}`);
}

function parsePrevious(value: unknown): readonly string[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value) && value.every(isText)) return value;
  throw new Error('"previous" is not a list of names');
}

function parseFacts(value: unknown): LatestFacts | undefined {
  if (!isObject(value) || !isText(value.release) || !isText(value.etag)) return undefined;
  const size = isCount(value.size) ? { size: value.size } : {};
  return { release: value.release, etag: value.etag, ...size, ...credibleFacts(value) };
}

const parseArchives = (value: unknown): ChannelRecord['archives'] =>
  Object.fromEntries(
    Object.entries(isObject(value) ? value : {})
      .filter((entry): entry is [string, ArchiveFacts] => isArchiveFacts(entry[1]))
      .map(([release, { flake, topLevelEntries }]) => [release, { flake, topLevelEntries }]),
  );

const isRetention = (value: unknown): value is Retention =>
  isObject(value) && [value.keep, value.days].every((count) => Number.isSafeInteger(count) && (count as number) > 0);

const isChange = (value: unknown): value is Change =>
  isObject(value) &&
  Number.isSafeInteger(value.serial) &&
  [value.operation, value.action, value.at, value.by].every(isText) &&
  [value.release, value.from, value.to, value.source, value.reason].every(
    (name) => name === undefined || isText(name),
  ) &&
  (value.count === undefined || Number.isSafeInteger(value.count)) &&
  (value.visibility === undefined || visibilities.some((one) => one === value.visibility)) &&
  (value.maxAge === undefined || value.maxAge === null || isMaxAge(value.maxAge)) &&
  (value.retain === undefined || value.retain === null || isRetention(value.retain));

/** Throws an Error that says what is wrong where the text is not a record. Our own additions are dropped where they are damaged. */
export function parseRecord(text: string): ChannelRecord {
  const value: unknown = JSON.parse(text);
  if (!isObject(value)) throw new Error('the record is not an object');
  const { latest, file_extension, previous, serial, facts, archives, history, max_age, removed, ...more } = value;
  const { yanked, pinned, retired, retain, ...others } = more;
  return {
    latest: parseLatest(latest),
    fileExtension: parseExtension(file_extension),
    previous: parsePrevious(previous),
    serial: Number.isSafeInteger(serial) && (serial as number) > 0 ? (serial as number) : 0,
    facts: parseFacts(facts),
    archives: parseArchives(archives),
    history: Array.isArray(history) ? history.filter(isChange) : [],
    yanked: isObject(yanked) ? yanked : {},
    pinned: isObject(pinned) ? pinned : {},
    retired: isObject(retired) ? retired : {},
    retain: isRetention(retain) ? { keep: retain.keep, days: retain.days } : undefined,
    maxAge: isMaxAge(max_age) ? max_age : undefined,
    removed: removed ?? undefined,
    others,
  };
}

/** In the layout of the Rust service: `previous` is always a list, `file_extension` is always present, `latest` may be null. */
export function formatRecord(record: ChannelRecord): string {
  parseLatest(record.latest);
  const { latest, fileExtension, previous, serial, facts, archives, history, maxAge, removed, others } = record;
  const { yanked, pinned, retired, retain } = record;
  const filled = Object.entries({ yanked, pinned, retired }).filter(([, marks]) => Object.keys(marks).length > 0);
  const value = {
    latest: latest ?? null,
    file_extension: fileExtension,
    previous,
    serial,
    facts,
    ...(Object.keys(archives).length > 0 ? { archives } : {}),
    history,
    ...Object.fromEntries(filled),
    max_age: maxAge,
    retain,
    removed,
    ...others,
  };
  return `${JSON.stringify(value, null, 2)}\n`;
}

const isTakenDown = ({ retired }: ChannelRecord, release: string): boolean =>
  Object.hasOwn(retired, release) && (retired[release] as { takedown?: unknown } | null)?.takedown === true;

/** The release that the channel points to: never one that was yanked or taken down, even if another tool made it the latest. */
export function resolvedRelease(record: ChannelRecord): string | undefined {
  const { latest, yanked } = record;
  return latest !== undefined && (Object.hasOwn(yanked, latest) || isTakenDown(record, latest)) ? undefined : latest;
}

/** The facts of the latest release, unless another tool changed the latest and left the old facts. */
export const latestFacts = (record: ChannelRecord): LatestFacts | undefined =>
  record.facts?.release === record.latest ? record.facts : undefined;

export const hasRelease = (record: ChannelRecord, release: string): boolean =>
  record.latest === release || record.previous.includes(release);

export const changeOf = (record: ChannelRecord, operation: string): Change | undefined =>
  record.history.find((change) => change.operation === operation);

/** A change, or only the name of a release that is older than the history. */
export type HistoryEntry = Change | { readonly release: string };

export interface HistoryPage {
  readonly entries: readonly HistoryEntry[];
  /** The cursor of the next page; absent on the last page. */
  readonly next?: string;
}

/** A release that was added otherwise is listed below the history. */
const publishing: ReadonlySet<string> = new Set<Change['action']>(['publish', 'promote', 'rollback']);

/**
 * A page of a channel's history, newest first: the changes, then the releases of `previous` that no change made the latest. A cursor is `s`
 * and the serial, or `p` and the index in `previous`, of the last entry given; both stay valid while the record grows.
 */
export function historyPage(record: ChannelRecord, after: string | undefined, limit: number): HistoryPage {
  const named = new Set(record.history.map(({ action, release }) => (publishing.has(action) ? release : undefined)));
  const older = record.previous.map((release, index) => ({ cursor: `p${index}`, entry: { release } }));
  const all: { readonly cursor: string; readonly entry: HistoryEntry }[] = [
    ...record.history.map((change) => ({ cursor: `s${change.serial}`, entry: change })).reverse(),
    ...older.filter(({ entry }) => !named.has(entry.release)).reverse(),
  ];
  const begin = after === undefined ? 0 : all.findIndex(({ cursor }) => cursor === after) + 1;
  if (after !== undefined && begin === 0)
    throw new InvalidInput('after', 'The history no longer has this position: start again without "after".');
  const page = all.slice(begin, begin + limit);
  const last = page.at(-1);
  const entries = page.map(({ entry }) => entry);
  return last === undefined || begin + limit >= all.length ? { entries } : { entries, next: last.cursor };
}

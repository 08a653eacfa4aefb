import type {
  ChannelDocument,
  ChannelState,
  IndexDocument,
  ReadableChange,
  ReadableRelease,
} from '../../../lib/api/reading.ts';
import { type About, aboutOf, revUrlOf } from '../../../lib/domain/about.ts';
import { isObject, isReadableName, isText } from '../../../lib/domain/names.ts';
import { InvalidInput } from '../../../lib/domain/problem.ts';
import { type Change, type ChannelRecord, latestFacts, resolvedRelease } from '../../../lib/domain/record.ts';
import { type ChannelFacts, noFacts, type ReleaseFacts } from '../../../lib/domain/release.ts';
import { retirementOf } from '../../../lib/domain/retirement.ts';
import { channelUrl, permanentUrl } from '../../../lib/domain/urls.ts';
import type { ObjectHead } from '../../../lib/store/read/reader.ts';

/** Changes of who may read a channel or how old it may be are the operator's business. */
const shownActions: ReadonlySet<Change['action']> = new Set([
  ...(['publish', 'promote', 'rollback', 'yank', 'unyank'] as const),
  ...(['retire', 'unretire', 'takedown'] as const),
]);

/** Who made a change is not for readers. */
function shownChange({ action, at, release, count, from, to, source, reason }: Change): ReadableChange {
  const details = Object.entries({ release, count, from, to, source, reason }).filter(
    ([, value]) => value !== undefined,
  );
  return { action, at, ...Object.fromEntries(details) };
}

const shownHistory = ({ history }: ChannelRecord): ReadableChange[] =>
  history
    .filter(({ action }) => shownActions.has(action))
    .map(shownChange)
    .reverse();

/** By release, the time of the first publication or promotion that the history has. */
function publicationTimes({ history }: ChannelRecord): ReadonlyMap<string, string> {
  const times = new Map<string, string>();
  for (const { action, release, at } of history)
    if ((action === 'publish' || action === 'promote') && release !== undefined && !times.has(release))
      times.set(release, at);
  return times;
}

function yankOf({ yanked }: ChannelRecord, release: string): ReadableRelease['yanked'] {
  if (!Object.hasOwn(yanked, release)) return undefined;
  const yank = yanked[release];
  const { reason, at } = isObject(yank) ? yank : {};
  return { ...(isText(reason) ? { reason } : {}), ...(isText(at) ? { at } : {}) };
}

/** The latest release is available, even if it was retired at the moment when it became the latest. */
function shownRetirement(record: ChannelRecord, release: string): ReadableRelease['retired'] {
  const mark = release === resolvedRelease(record) ? undefined : retirementOf(record, release);
  if (mark === undefined) return undefined;
  const { reason, at, until, instead } = mark;
  return { reason, at, until, ...(instead === undefined ? {} : { instead }) };
}

interface Described {
  readonly base: string;
  readonly record: ChannelRecord;
  readonly times: ReadonlyMap<string, string>;
  readonly facts: ChannelFacts;
  readonly about: About;
}

/** Facts with the entity tag of the object that they belong to. */
type TaggedFacts = ReleaseFacts & { readonly etag: string; readonly size?: number };

function describeRelease(
  release: string,
  { base, record, times, about }: Described,
  facts: Partial<TaggedFacts> = {},
): ReadableRelease {
  const { etag: _, ...known } = facts;
  const publishedAt = times.get(release);
  const yanked = yankOf(record, release);
  const revUrl = revUrlOf(about.homepage, known.rev);
  const retired = shownRetirement(record, release);
  return {
    release,
    ...(yanked === undefined && retired === undefined
      ? { url: permanentUrl(base, release + record.fileExtension) }
      : {}),
    ...(yanked === undefined ? {} : { yanked }),
    ...(retired === undefined ? {} : { retired }),
    ...(publishedAt === undefined ? {} : { publishedAt }),
    ...known,
    ...(revUrl === undefined ? {} : { revUrl }),
  };
}

/**
 * The latest release with the facts that belong to it. What the bucket says of its object comes first, where that was asked, then
 * the record.
 */
function describeLatest(described: Described, head?: ObjectHead): ReadableRelease | null {
  const { record, facts } = described;
  const release = resolvedRelease(record);
  if (release === undefined) return null;
  const object = head && { etag: head.etag, size: head.size, ...head.facts };
  const sources: TaggedFacts[] = [object, latestFacts(record), facts.get(release)].filter((one) => one !== undefined);
  const own = sources.filter(({ etag }) => etag === sources[0]?.etag);
  return describeRelease(release, described, Object.assign({}, ...own.reverse()));
}

const stateOf = (record: ChannelRecord | undefined, isRemoved: boolean): ChannelState => {
  if (isRemoved || record?.removed !== undefined) return 'removed';
  if (record === undefined) return 'unreadable';
  return resolvedRelease(record) === undefined ? 'empty' : 'served';
};

/** A channel in the list of channels. */
export function describeChannel(
  base: string,
  channel: string,
  record: ChannelRecord | undefined,
  isRemoved: boolean,
): IndexDocument['channels'][number] {
  const state = stateOf(record, isRemoved);
  if (record === undefined || state === 'removed') return { channel, state, latest: null };
  const about = aboutOf(record);
  const described = { base, record, times: publicationTimes(record), facts: noFacts, about };
  const url = channelUrl(base, channel, record.fileExtension);
  return { channel, state, url, ...about, latest: describeLatest(described) };
}

interface ChannelPage {
  readonly channel: string;
  readonly record: ChannelRecord;
  /** What the bucket says of the latest release's object. */
  readonly head: ObjectHead | undefined;
  readonly facts: ChannelFacts;
  /** The release after which the page begins. */
  readonly after: string | undefined;
  readonly limit: number;
}

/** A channel with a page of its releases. Names in the record that cannot be served are left out. */
export function describeReleases(base: string, page: ChannelPage): ChannelDocument {
  const { channel, record, head, facts, after, limit } = page;
  const about = aboutOf(record);
  const described = { base, record, times: publicationTimes(record), facts, about };
  const latest = describeLatest(described, head);
  const newestFirst = [...(latest === null ? [] : [latest.release]), ...record.previous.toReversed()];
  const names = [...new Set(newestFirst)].filter(isReadableName);
  const begin = after === undefined ? 0 : names.indexOf(after) + 1;
  if (after !== undefined && begin === 0)
    throw new InvalidInput('after', 'This channel has no such release: start again without "after".');
  const some = names.slice(begin, begin + limit);
  const last = some.at(-1);
  return {
    channel,
    state: stateOf(record, false),
    url: channelUrl(base, channel, record.fileExtension),
    extension: record.fileExtension,
    ...about,
    latest,
    releases: some.map((name) =>
      name === latest?.release ? latest : describeRelease(name, described, facts.get(name)),
    ),
    history: after === undefined ? shownHistory(record) : [],
    ...(last === undefined || begin + limit >= names.length ? {} : { next: last }),
  };
}

/**
 * The moves that belong to a page of releases: those that made one of them the latest, or yanked it. Moves to releases that the
 * record does not name any more are on the first page.
 */
export function movesOfPage(
  record: ChannelRecord,
  releases: readonly ReadableRelease[],
  isFirst: boolean,
): ReadableChange[] {
  const shown = new Set(releases.map(({ release }) => release));
  const named = new Set([...record.previous, resolvedRelease(record)]);
  return shownHistory(record).filter(
    ({ release }) => release !== undefined && (shown.has(release) || (isFirst && !named.has(release))),
  );
}

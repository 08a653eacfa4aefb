import type { ChosenRelease, KeptRelease, Pinned, Retired } from '../../lib/api/answers.ts';
import { Conflict } from '../../lib/api/problem.ts';
import type { PinRequest, RetirementRequest } from '../../lib/api/requests.ts';
import { assertExistingRelease, isReadableChannel } from '../../lib/domain/names.ts';
import { NotFound } from '../../lib/domain/problem.ts';
import { type ChannelRecord, changeOf, hasRelease } from '../../lib/domain/record.ts';
import type { Author } from '../../lib/domain/record-changes.ts';
import {
  candidates,
  canUndo,
  conflictingRetirements,
  type Hold,
  type Holders,
  holdersOf,
  holdOn,
  isPinned,
  isRetired,
  publicationTimes,
  retirementOf,
  selected,
  withoutPin,
  withoutRetirement,
  withPin,
  withRetirement,
} from '../../lib/domain/retirement.ts';
import { defaultRetiredDays } from '../../lib/domain/store.ts';
import { mapLimit, maxConcurrentRequests } from '../../lib/store/write/s3-requests.ts';
import { operationUsed } from './change-record.ts';
import {
  catalogDocument,
  compareAndSwap,
  liveRecordDocument,
  loadChannel,
  loadDocument,
  recordDocument,
} from './documents.ts';
import { authorOf, type PublishOptions } from './observe-publish.ts';

const dayMs = 86_400_000;

/**
 * The records of all other channels, of removed ones too: their releases can still be read. A record that is damaged refuses the
 * request, because nobody knows what it names.
 */
export async function loadOthers(
  { bucket }: Pick<PublishOptions, 'bucket'>,
  channel: string,
): Promise<readonly (readonly [channel: string, record: ChannelRecord])[]> {
  const { channels, removed } = await loadDocument(bucket, catalogDocument);
  const names = [...new Set([...channels, ...removed])].filter((name) => name !== channel && isReadableChannel(name));
  const records = await mapLimit(
    names,
    maxConcurrentRequests,
    async (name) => [name, await loadDocument(bucket, recordDocument(name))] as const,
  );
  return records.flatMap(([name, record]) => (record === undefined ? [] : [[name, record] as const]));
}

/** What the bucket says of an object. */
interface Stored {
  readonly size?: number;
  /** Milliseconds since 1970. */
  readonly changedAt?: number;
}

/** Looking at so many objects one by one takes a second. Beyond that they are listed. */
const maxHeads = 300;
const maxListedPages = 40;

function commonPrefix(names: readonly string[]): string {
  const [first = '', ...others] = names;
  let length = first.length;
  for (const name of others) while (!name.startsWith(first.slice(0, length))) length -= 1;
  return first.slice(0, length);
}

/** Sizes and times of these objects, where the bucket has them. */
async function storedObjects(
  { bucket }: Pick<PublishOptions, 'bucket'>,
  keys: readonly string[],
): Promise<ReadonlyMap<string, Stored>> {
  const found = new Map<string, Stored>();
  if (keys.length <= maxHeads) {
    await mapLimit(keys, maxConcurrentRequests, async (key) => {
      const object = await bucket.head(key);
      if (object !== undefined) found.set(key, object);
    });
    return found;
  }
  const wanted = new Set(keys);
  const prefix = commonPrefix(keys);
  let after: string | undefined;
  for (let page = 0; page < maxListedPages; page += 1) {
    const { items, next } = await bucket.listObjects(prefix, after);
    for (const { key, ...object } of items) if (wanted.has(key)) found.set(key, object);
    if (next === undefined) break;
    after = next;
  }
  return found;
}

/** One sentence that says what holds a release, and what to do. */
function heldBy(channel: string, release: string, hold: Hold): NotFound | Conflict | undefined {
  switch (hold.kind) {
    case 'retired':
      return undefined;
    case 'unknown':
      return new NotFound(`"${release}" is not a release of "${channel}". Nothing was changed.`);
    case 'latest':
      return new Conflict(
        'held',
        `"${release}" is the latest release of "${channel}", which is never retired. Nothing was changed: publish or roll back to another release first.`,
      );
    case 'pinned':
      return new Conflict(
        'held',
        `"${release}" is pinned in "${channel}". Nothing was changed: run "channelctl unpin ${channel} ${release}" first, or leave it out.`,
      );
    case 'named':
      return new Conflict(
        'held',
        `"${release}" is also a release of "${hold.channel}". Nothing was changed: leave it out, or use --shared to give it up in "${channel}" only.`,
      );
  }
}

type Chosen = { readonly releases: readonly string[]; readonly kept: readonly KeptRelease[] };

/** The named releases that are not retired yet. Throws for the first one that is held. */
function chooseNamed(
  channel: string,
  record: ChannelRecord,
  { releases = [], shared }: RetirementRequest,
  holders: Holders,
): Chosen {
  const chosen = new Set<string>();
  const previous = new Set(record.previous);
  for (const release of releases) {
    const hold = holdOn(record, release, shared === true ? new Map() : holders, previous);
    const problem = hold === undefined ? undefined : heldBy(channel, release, hold);
    if (problem !== undefined) throw problem;
    if (hold === undefined) chosen.add(release);
  }
  return { releases: [...chosen], kept: [] };
}

function chooseSelected(
  record: ChannelRecord,
  request: RetirementRequest,
  since: (release: string) => number | undefined,
  holders: Holders,
  now: number,
): Chosen {
  const keptBy = (release: string): KeptRelease | undefined => {
    const channel = request.shared === true ? undefined : holders.get(release + record.fileExtension);
    if (channel !== undefined) return { release, why: 'named', channel };
    return isPinned(record, release) ? { release, why: 'pinned' } : undefined;
  };
  const old = selected({ ...record, pinned: {} }, request, since, now);
  return {
    releases: old.filter((release) => keptBy(release) === undefined),
    kept: old.map(keptBy).filter((kept) => kept !== undefined),
  };
}

/** The releases that a change retired: their marks have its time. */
const retiredAt = (record: ChannelRecord, at: string): string[] =>
  Object.keys(record.retired).filter((release) => retirementOf(record, release)?.at === at);

/**
 * Undoes the retirement of what another channel came to need at the same time, and says of what. Called after the mark was
 * written: whoever promotes a release writes first and then looks for marks, so one of both sees the other.
 */
export async function undoConflicting(
  options: PublishOptions,
  channel: string,
  author: Author,
): Promise<readonly KeptRelease[]> {
  const holders = holdersOf(await loadOthers(options, channel));
  const undone = await compareAndSwap(options, recordDocument(channel), {
    decide: (record): { answer: readonly KeptRelease[]; next?: ChannelRecord } => {
      const releases = record === undefined ? [] : conflictingRetirements(record, holders);
      if (record === undefined || releases.length === 0) return { answer: [] };
      const kept = releases.map((release): KeptRelease => {
        const other = holders.get(release + record.fileExtension);
        return other === undefined ? { release, why: 'latest' } : { release, why: 'named', channel: other };
      });
      return { answer: kept, next: withoutRetirement(record, releases, author, 'needed by a channel') };
    },
  });
  for (const { release, why, channel: neededBy } of undone)
    options.log('warn', 'unretire', { channel, release, why, neededBy, by: author.by, operation: author.operation });
  return undone;
}

/** Of a change that nobody asked for, made because of another one. */
export const followUp = (author: Author): Author => ({ ...author, operation: `after-${author.operation}` });

/** How many names a line of the log has. */
const maxLoggedNames = 100;

function logChange(
  { log }: PublishOptions,
  action: string,
  channel: string,
  releases: readonly string[],
  fields: Readonly<Record<string, unknown>>,
): void {
  log('info', action, {
    channel,
    ...(releases.length === 1 ? { release: releases[0] } : { releases: releases.slice(0, maxLoggedNames) }),
    count: releases.length,
    ...fields,
  });
}

function describeChosen(
  record: ChannelRecord,
  releases: readonly string[],
  objects: ReadonlyMap<string, Stored>,
): readonly ChosenRelease[] {
  const times = publicationTimes(record);
  return releases.map((release) => {
    const { size, changedAt } = objects.get(release + record.fileExtension) ?? {};
    const time = times.get(release) ?? changedAt;
    return {
      release,
      ...(time === undefined ? {} : { publishedAt: new Date(time).toISOString() }),
      ...(size === undefined ? {} : { size }),
    };
  });
}

/**
 * Retires releases: readers get 410, and after a grace time the schedule removes the objects. One write of the record retires all
 * of them. What another channel came to need at the same time is taken back afterwards.
 */
async function retire(
  options: PublishOptions,
  channel: string,
  request: RetirementRequest & { readonly reason: string },
  by: string,
): Promise<Retired> {
  const { bucket, now, retiredDays = defaultRetiredDays } = options;
  const { operation, reason, releases: named, instead, shared, dryRun = false } = request;
  const { record: seen } = await loadChannel(bucket, channel);
  const isRepeat = changeOf(seen, operation) !== undefined;
  const others = isRepeat ? [] : await loadOthers(options, channel);
  const holders = holdersOf(others);
  const looked = isRepeat ? [] : (named ?? candidates({ ...seen, pinned: {} }, request));
  const objects = await storedObjects(
    options,
    named !== undefined && !dryRun ? [] : looked.map((one) => one + seen.fileExtension),
  );
  const author = authorOf(options, operation, by);
  const until = new Date(Date.parse(author.at) + retiredDays * dayMs).toISOString();

  let written: readonly string[] = [];
  const answer = await compareAndSwap(options, liveRecordDocument(channel), {
    dryRun,
    decide: (record): { answer: Retired; next?: ChannelRecord } => {
      written = [];
      const earlier = changeOf(record, operation);
      if (earlier !== undefined && earlier.action !== 'retire') throw operationUsed(operation);
      if (earlier !== undefined) {
        const releases = retiredAt(record, earlier.at);
        const end = retirementOf(record, releases[0] ?? '')?.until;
        return {
          answer: {
            ...{
              channel,
              action: 'retire',
              fresh: true,
              releases: describeChosen(record, releases, objects),
              kept: [],
            },
            ...(end === undefined ? {} : { until: end }),
          },
        };
      }
      if (instead !== undefined && (!hasRelease(record, instead) || isRetired(record, instead)))
        throw new NotFound(`"${instead}" is not a release of "${channel}" that readers can use instead.`);
      const times = publicationTimes(record);
      const since = (release: string) => times.get(release) ?? objects.get(release + record.fileExtension)?.changedAt;
      const { releases, kept } =
        named === undefined
          ? chooseSelected(record, request, since, holders, now())
          : chooseNamed(channel, record, request, holders);
      if (instead !== undefined && releases.includes(instead))
        throw new Conflict('held', `"${instead}" cannot be retired and named as the one to use instead.`);
      const found = describeChosen(record, releases, objects);
      if (releases.length === 0) return { answer: { channel, action: 'retire', fresh: false, releases: [], kept } };
      written = releases;
      const next = withRetirement(record, { releases, reason, until, instead, shared }, author);
      return { answer: { channel, action: 'retire', fresh: true, releases: found, kept, until }, next };
    },
  });
  if (dryRun || !answer.fresh) return answer;
  if (written.length > 0)
    logChange(options, 'retire', channel, written, { operation, by, reason, until, shared, instead });
  const undone = await undoConflicting(options, channel, followUp(author));
  if (undone.length === 0) return answer;
  const lost = new Set(undone.map(({ release }) => release));
  return {
    ...answer,
    releases: answer.releases.filter(({ release }) => !lost.has(release)),
    kept: [...answer.kept, ...undone],
  };
}

/** Undoes a retirement until the end of its grace time. */
async function undoRetirement(
  options: PublishOptions,
  channel: string,
  { operation, releases = [], dryRun = false }: RetirementRequest,
  by: string,
): Promise<Retired> {
  const { now } = options;
  await loadChannel(options.bucket, channel);
  let written: readonly string[] = [];
  const answer = await compareAndSwap(options, liveRecordDocument(channel), {
    dryRun,
    decide: (record): { answer: Retired; next?: ChannelRecord } => {
      written = [];
      const earlier = changeOf(record, operation);
      if (earlier !== undefined && earlier.action !== 'unretire') throw operationUsed(operation);
      const answerOf = (names: readonly string[], fresh: boolean): Retired => ({
        channel,
        action: 'unretire',
        fresh,
        releases: names.map((release) => ({ release })),
        kept: [],
      });
      if (earlier !== undefined) return { answer: answerOf([...new Set(releases)], true) };
      const chosen = [...new Set(releases)].filter((release) => {
        if (!hasRelease(record, release)) throw new NotFound(`"${release}" is not a release of "${channel}".`);
        const mark = retirementOf(record, release);
        if (mark !== undefined && !canUndo(mark, now()))
          throw new Conflict(
            'too-late',
            mark.takedown === true
              ? `"${release}" was taken down, which cannot be undone: publish under another name.`
              : `The grace time of "${release}" ended at ${mark.until}, so its object is gone or going. Nothing was changed: publish it under another name.`,
          );
        return mark !== undefined;
      });
      if (chosen.length === 0) return { answer: answerOf([], false) };
      written = chosen;
      const next = withoutRetirement(record, chosen, authorOf(options, operation, by));
      return { answer: answerOf(chosen, true), next };
    },
  });
  if (written.length > 0 && !dryRun) logChange(options, 'unretire', channel, written, { operation, by });
  return answer;
}

export function changeRetirement(
  options: PublishOptions,
  channel: string,
  request: RetirementRequest,
  by: string,
): Promise<Retired> {
  for (const release of request.releases ?? []) assertExistingRelease(release, 'releases');
  if (request.instead !== undefined) assertExistingRelease(request.instead, 'instead');
  const { reason } = request;
  return reason === undefined
    ? undoRetirement(options, channel, request, by)
    : retire(options, channel, { ...request, reason }, by);
}

/** Pins a release, so that it is never retired, or removes the pin. */
export async function changePin(
  options: PublishOptions,
  channel: string,
  { operation, release, reason, dryRun = false }: PinRequest,
  by: string,
): Promise<Pinned> {
  const action = reason === undefined ? 'unpin' : 'pin';
  assertExistingRelease(release);
  await loadChannel(options.bucket, channel);
  let isWritten = false;
  const answer = await compareAndSwap(options, liveRecordDocument(channel), {
    dryRun,
    decide: (record): { answer: Pinned; next?: ChannelRecord } => {
      isWritten = false;
      const earlier = changeOf(record, operation);
      if (earlier !== undefined && earlier.action !== action) throw operationUsed(operation);
      const done: Pinned = { channel, action, fresh: true, release };
      if (earlier !== undefined) return { answer: done };
      if (!hasRelease(record, release)) throw new NotFound(`"${release}" is not a release of "${channel}".`);
      if (isPinned(record, release) === (reason !== undefined)) return { answer: { ...done, fresh: false } };
      if (reason !== undefined && isRetired(record, release))
        throw new Conflict(
          'retired',
          `"${release}" is retired: run "channelctl retire ${channel} ${release} --undo" before you pin it.`,
        );
      isWritten = true;
      const author = authorOf(options, operation, by);
      return {
        answer: done,
        next: reason === undefined ? withoutPin(record, release, author) : withPin(record, release, reason, author),
      };
    },
  });
  if (isWritten && !dryRun) logChange(options, action, channel, [release], { operation, by, reason });
  return answer;
}

import type { RetirementRequest } from '../../lib/api/admin-requests.ts';
import type { ChosenRelease, Retired } from '../../lib/api/answers.ts';
import { Conflict } from '../../lib/api/problem.ts';
import { assertExistingRelease } from '../../lib/domain/names.ts';
import { NotFound } from '../../lib/domain/problem.ts';
import { type ChannelRecord, changeOf, hasRelease } from '../../lib/domain/record.ts';
import {
  candidates,
  canUndo,
  holdersOf,
  isRetired,
  publicationTimes,
  retirementOf,
} from '../../lib/domain/retirement.ts';
import { withoutRetirement, withRetirement } from '../../lib/domain/retirement-changes.ts';
import { defaultRetiredDays } from '../../lib/domain/store.ts';
import { earlierChange } from './change-record.ts';
import { chooseNamed, chooseSelected } from './choose-releases.ts';
import { compareAndSwap, liveRecordDocument, loadChannel, loadOthers } from './documents.ts';
import { authorOf, type PublishOptions } from './observe-publish.ts';
import { followUp, undoConflicting } from './other-channels.ts';
import { type Stored, storedObjects } from './stored-objects.ts';

const dayMs = 86_400_000;

/** The releases that a change retired: their marks have its time. */
const retiredAt = (record: ChannelRecord, at: string): string[] =>
  Object.keys(record.retired).filter((release) => retirementOf(record, release)?.at === at);

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
      const earlier = earlierChange(record, operation, 'retire');
      if (earlier !== undefined) {
        const releases = retiredAt(record, earlier.at);
        const end = retirementOf(record, releases[0] ?? '')?.until;
        return {
          answer: {
            ...{ channel, action: 'retire', fresh: true },
            releases: describeChosen(record, releases, objects),
            kept: [],
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
      const earlier = earlierChange(record, operation, 'unretire');
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

import type { ChangedChannel } from '../../lib/api/answers.ts';
import { Conflict } from '../../lib/api/problem.ts';
import type { Promotion, Rollback, YankRequest } from '../../lib/api/requests.ts';
import { assertExistingRelease } from '../../lib/domain/names.ts';
import { NotFound } from '../../lib/domain/problem.ts';
import { hasRelease, resolvedRelease } from '../../lib/domain/record.ts';
import { type Author, rollbackTargets, withLatest, withoutYank, withYank } from '../../lib/domain/record-changes.ts';
import { isRetired, retirementOf } from '../../lib/domain/retirement.ts';
import { changeRecord } from './change-record.ts';
import { loadChannel, loadDocument, loadOthers, recordDocument } from './documents.ts';
import { authorOf, type PublishOptions } from './observe-publish.ts';
import { followUp, undoConflicting } from './other-channels.ts';
import { assertNotOlder, assertNotRetired, assertNotYanked, firstFactsOf, latestFactsOf } from './release-rules.ts';
import { markTakenDown } from './takedown.ts';

const objectMissing = (release: string): Conflict =>
  new Conflict('object-missing', `The bucket no longer has the object of "${release}".`);

/** Goes back from the latest release, named by the request, to an earlier one. */
export async function rollBack(
  options: PublishOptions,
  channel: string,
  request: Rollback,
  by: string,
): Promise<ChangedChannel> {
  const { operation, from, to, dryRun = false } = request;
  await loadChannel(options.bucket, channel);
  return changeRecord(options, {
    channel,
    action: 'rollback',
    operation,
    by,
    dryRun,
    change: async (record, author) => {
      if (record.latest !== from)
        throw new Conflict(
          'moved',
          `The latest release of "${channel}" is "${record.latest ?? 'none'}", not "${from}": look at the channel, then decide again.`,
        );
      if (to === from) throw new Conflict('same', `"${to}" is already the latest release of "${channel}".`);
      if (!record.previous.includes(to)) throw new NotFound(`"${to}" is not an earlier release of "${channel}".`);
      assertExistingRelease(to, 'to');
      assertNotYanked(record, to);
      assertNotRetired(record, to);
      const facts = await latestFactsOf(options.bucket, to, record.fileExtension);
      if (facts === undefined) throw objectMissing(to);
      return withLatest(record, { action: 'rollback', facts }, author);
    },
  });
}

/** Marks a release so that the channel never points to it again, or removes the mark. It still answers at /permanent. */
export async function yankRelease(
  options: PublishOptions,
  channel: string,
  request: YankRequest,
  by: string,
): Promise<ChangedChannel> {
  const { operation, release, reason, dryRun = false } = request;
  await loadChannel(options.bucket, channel);
  return changeRecord(options, {
    channel,
    action: reason === undefined ? 'unyank' : 'yank',
    operation,
    by,
    dryRun,
    change: async (record, author) => {
      if (!hasRelease(record, release)) throw new NotFound(`"${release}" is not a release of "${channel}".`);
      const isYanked = Object.hasOwn(record.yanked, release);
      // A yanked release that another tool made the latest again can be yanked again.
      const isDone = reason === undefined ? !isYanked : isYanked && record.latest !== release;
      if (isDone) return undefined;
      const { [release]: _, ...others } = record.yanked;
      const targets = rollbackTargets(reason === undefined ? { ...record, yanked: others } : record);
      const moves = reason === undefined ? record.latest === undefined : record.latest === release;
      const next = moves ? await firstFactsOf(options.bucket, targets, record.fileExtension) : undefined;
      return reason === undefined
        ? withoutYank(record, { release, next }, author)
        : withYank(record, { release, reason, next }, author);
    },
  });
}

interface PromotionPair {
  readonly from: string;
  readonly to: string;
}

/** Makes a release of one channel the latest of another. No bytes are copied. A release that TO already has changes nothing. */
export async function promoteRelease(
  options: PublishOptions,
  { from, to }: PromotionPair,
  request: Promotion,
  by: string,
): Promise<ChangedChannel> {
  const { operation, release: named, force = false, dryRun = false } = request;
  const [{ record: source }] = await Promise.all([loadChannel(options.bucket, from), loadChannel(options.bucket, to)]);
  const release = named ?? resolvedRelease(source);
  if (release === undefined) throw new NotFound(`The channel "${from}" has no release to promote.`);
  const promoted = await changeRecord(options, {
    channel: to,
    action: 'promote',
    operation,
    by,
    dryRun,
    change: async (record, author) => {
      const facts = await latestFactsOf(options.bucket, release, record.fileExtension);
      // Read last, so that a yank in the meantime is seen.
      const { record: current } = await loadChannel(options.bucket, from);
      if (!hasRelease(current, release)) throw new NotFound(`"${release}" is not a release of "${from}".`);
      assertNotYanked(current, release);
      assertNotYanked(record, release);
      assertNotRetired(current, release);
      assertNotRetired(record, release);
      if (current.fileExtension !== record.fileExtension)
        throw new Conflict(
          'other-extension',
          `"${from}" has the extension "${current.fileExtension}", and "${to}" has "${record.fileExtension}".`,
        );
      if (hasRelease(record, release)) return undefined;
      if (facts === undefined) throw objectMissing(release);
      assertNotOlder(record, facts.lastModified, force);
      const archive = Object.hasOwn(current.archives, release) ? current.archives[release] : undefined;
      return withLatest(record, { action: 'promote', facts, archive, source: from }, author);
    },
  });
  if (promoted.fresh && !dryRun)
    await settlePromotion(options, { from, to }, release, authorOf(options, operation, by));
  return promoted;
}

/**
 * A retirement of the release at the same time looks at the records after it wrote its own, and so does this: one of the two sees
 * the other. What was promoted stays available, unless it was taken down.
 */
async function settlePromotion(
  options: PublishOptions,
  { from, to }: PromotionPair,
  release: string,
  by: Author,
): Promise<void> {
  const source = await loadDocument(options.bucket, recordDocument(from));
  const mark = source && retirementOf(source, release);
  if (mark === undefined) return;
  const author = followUp(by);
  if (mark.takedown !== true) {
    const others = await loadOthers(options, to);
    for (const [channel, record] of others)
      if (isRetired(record, release)) await undoConflicting(options, channel, author);
    return;
  }
  const { reason } = mark;
  await markTakenDown(options, { channel: to, release, reason }, author);
  throw new Conflict('retired', `"${release}" was taken down at the same time: "${to}" does not point to it.`);
}

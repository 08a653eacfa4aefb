import { Conflict } from '../../lib/api/problem.ts';
import { NotFound } from '../../lib/domain/problem.ts';
import { hasRelease, resolvedRelease } from '../../lib/domain/record.ts';
import { withLatest } from '../../lib/domain/record-changes.ts';
import { type ChangedChannel, changeRecord } from './change-record.ts';
import { latestFactsOf } from './latest-facts-of.ts';
import { loadChannel } from './load-channel.ts';
import { assertNotOlder, assertNotYanked } from './publication.ts';
import type { PublishOptions } from './publish-options.ts';
import type { Promotion } from './requests.ts';

export interface PromotionPair {
  readonly from: string;
  readonly to: string;
}

/** Makes a release of one channel the latest of another. No bytes move, and a release that TO has had already moves nothing. */
export async function promoteRelease(
  options: PublishOptions,
  { from, to }: PromotionPair,
  request: Promotion,
  by: string,
): Promise<ChangedChannel> {
  const { operation, release: asked, force = false, dryRun = false } = request;
  const [{ record: source }] = await Promise.all([loadChannel(options.bucket, from), loadChannel(options.bucket, to)]);
  const release = asked ?? resolvedRelease(source);
  if (release === undefined) throw new NotFound(`The channel "${from}" has no release to promote.`);
  return changeRecord(options, {
    channel: to,
    action: 'promote',
    operation,
    by,
    dryRun,
    change: async (record, author) => {
      const facts = await latestFactsOf(options.bucket, release, record.fileExtension);
      // Read last, so that a yank in between counts.
      const { record: current } = await loadChannel(options.bucket, from);
      if (!hasRelease(current, release)) throw new NotFound(`"${release}" is no release of "${from}".`);
      assertNotYanked(current, release);
      assertNotYanked(record, release);
      if (current.fileExtension !== record.fileExtension)
        throw new Conflict(
          'other-extension',
          `"${from}" has the extension "${current.fileExtension}", and "${to}" has "${record.fileExtension}".`,
        );
      if (hasRelease(record, release)) return undefined;
      if (facts === undefined)
        throw new Conflict('object-missing', `The bucket has no object of "${release}" any more.`);
      assertNotOlder(record, facts.lastModified, force);
      const archive = Object.hasOwn(current.archives, release) ? current.archives[release] : undefined;
      return withLatest(record, { action: 'promote', facts, archive, source: from }, author);
    },
  });
}

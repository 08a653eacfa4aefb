import { NotFound } from '../../lib/domain/problem.ts';
import { hasRelease } from '../../lib/domain/record.ts';
import { candidates, withoutYank, withYank } from '../../lib/domain/record-changes.ts';
import { type ChangedChannel, changeRecord } from './change-record.ts';
import { firstFactsOf } from './latest-facts-of.ts';
import { loadChannel } from './load-channel.ts';
import type { PublishOptions } from './publish-options.ts';
import type { YankRequest } from './requests.ts';

/** Marks a release so that the channel never leads to it again, or takes the mark back. Its bytes answer at /permanent. */
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
      if (!hasRelease(record, release)) throw new NotFound(`"${release}" is no release of "${channel}".`);
      const marked = Object.hasOwn(record.yanked, release);
      // A release that another writer made the latest although it was yanked is yanked again.
      const settled = reason === undefined ? !marked : marked && record.latest !== release;
      if (settled) return undefined;
      const { [release]: _, ...others } = record.yanked;
      const open = candidates(reason === undefined ? { ...record, yanked: others } : record);
      const moves = reason === undefined ? record.latest === undefined : record.latest === release;
      const next = moves ? await firstFactsOf(options.bucket, open, record.fileExtension) : undefined;
      return reason === undefined
        ? withoutYank(record, { release, next }, author)
        : withYank(record, { release, reason, next }, author);
    },
  });
}

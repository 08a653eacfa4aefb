import { NotFound } from '../../lib/domain/problem.ts';
import { hasRelease } from '../../lib/domain/record.ts';
import { successor, withoutYank, withYank } from '../../lib/domain/record-changes.ts';
import { type ChangedChannel, changeRecord } from './change-record.ts';
import { latestFactsOf } from './latest-facts-of.ts';
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
      if (marked === (reason !== undefined)) return undefined;
      const { [release]: _, ...others } = record.yanked;
      const next = reason === undefined ? successor({ ...record, yanked: others }) : successor(record, release);
      const facts = next === undefined ? undefined : await latestFactsOf(options.bucket, next, record.fileExtension);
      return reason === undefined
        ? withoutYank(record, { release, facts }, author)
        : withYank(record, { release, reason, facts }, author);
    },
  });
}

import { Conflict } from '../../lib/api/problem.ts';
import { assertExistingRelease } from '../../lib/domain/names.ts';
import { NotFound } from '../../lib/domain/problem.ts';
import { withLatest } from '../../lib/domain/record-changes.ts';
import { type ChangedChannel, changeRecord } from './change-record.ts';
import { latestFactsOf } from './latest-facts-of.ts';
import { loadChannel } from './load-channel.ts';
import { assertNotYanked } from './publication.ts';
import type { PublishOptions } from './publish-options.ts';
import type { Rollback } from './requests.ts';

/** Goes back from one named release to another of the channel's earlier ones. */
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
          `The latest release of "${channel}" is "${record.latest ?? 'none'}", not "${from}": look again, then decide.`,
        );
      if (to === from) throw new Conflict('same', `"${to}" is the latest release of "${channel}" already.`);
      if (!record.previous.includes(to)) throw new NotFound(`"${to}" is no earlier release of "${channel}".`);
      assertExistingRelease(to, 'to');
      assertNotYanked(record, to);
      const facts = await latestFactsOf(options.bucket, to, record.fileExtension);
      if (facts === undefined) throw new Conflict('object-missing', `The bucket has no object of "${to}" any more.`);
      return withLatest(record, { action: 'rollback', facts }, author);
    },
  });
}

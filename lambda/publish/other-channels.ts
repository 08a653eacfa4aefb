import type { KeptRelease } from '../../lib/api/answers.ts';
import type { ChannelRecord } from '../../lib/domain/record.ts';
import type { Author } from '../../lib/domain/record-changes.ts';
import { conflictingRetirements, holdersOf } from '../../lib/domain/retirement.ts';
import { withoutRetirement } from '../../lib/domain/retirement-changes.ts';
import { compareAndSwap, loadOthers, recordDocument } from './documents.ts';
import type { PublishOptions } from './observe-publish.ts';

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

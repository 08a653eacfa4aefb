import type { PinRequest } from '../../lib/api/admin-requests.ts';
import type { Pinned } from '../../lib/api/answers.ts';
import { Conflict } from '../../lib/api/problem.ts';
import { assertExistingRelease } from '../../lib/domain/names.ts';
import { NotFound } from '../../lib/domain/problem.ts';
import { type ChannelRecord, hasRelease } from '../../lib/domain/record.ts';
import { isPinned, isRetired } from '../../lib/domain/retirement.ts';
import { withoutPin, withPin } from '../../lib/domain/retirement-changes.ts';
import { earlierChange } from './change-record.ts';
import { compareAndSwap, liveRecordDocument, loadChannel } from './documents.ts';
import { authorOf, type PublishOptions } from './observe-publish.ts';

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
      const earlier = earlierChange(record, operation, action);
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
  if (isWritten && !dryRun) options.log('info', action, { channel, release, operation, by, reason });
  return answer;
}

import type { ChangedChannel } from '../../lib/api/answers.ts';
import { Conflict } from '../../lib/api/problem.ts';
import { type Change, type ChannelRecord, changeOf, resolvedRelease } from '../../lib/domain/record.ts';
import type { Author } from '../../lib/domain/record-changes.ts';
import { channelUrl, permanentUrl } from '../../lib/domain/urls.ts';
import { compareAndSwap, liveRecordDocument } from './documents.ts';
import { authorOf, type PublishOptions } from './observe-publish.ts';
import { keepFacts } from './release-rules.ts';

export const operationUsed = (operation: string): Conflict =>
  new Conflict(
    'operation-used',
    `Operation ID "${operation}" was already used for another request: make a new ID for each run.`,
  );

/** The change that this operation already made; undefined where it made none. Throws where that was another action. */
export function earlierChange(record: ChannelRecord, operation: string, action: string): Change | undefined {
  const earlier = changeOf(record, operation);
  if (earlier !== undefined && earlier.action !== action) throw operationUsed(operation);
  return earlier;
}

interface RecordChange {
  readonly channel: string;
  readonly action: string;
  readonly operation: string;
  readonly by: string;
  readonly dryRun: boolean;
  /** The record with the change, or undefined where nothing is to be changed. Throws where the change is not allowed. */
  readonly change: (record: ChannelRecord, author: Author) => Promise<ChannelRecord | undefined>;
}

/** Changes a channel's record once for each operation: a repeat finds its ID in the history and gives the same answer. */
export async function changeRecord(options: PublishOptions, request: RecordChange): Promise<ChangedChannel> {
  const { baseUrl, log } = options;
  const { channel, action, operation, by, dryRun, change } = request;
  const answerFor = (record: ChannelRecord, fresh: boolean, from?: string): ChangedChannel => {
    const { fileExtension } = record;
    const latest = resolvedRelease(record);
    return {
      channel,
      action,
      fresh,
      latest: latest ?? null,
      ...(from === undefined ? {} : { from }),
      channelUrl: channelUrl(baseUrl, channel, fileExtension),
      ...(latest === undefined ? {} : { permanentUrl: permanentUrl(baseUrl, latest + fileExtension) }),
    };
  };

  let made: ChannelRecord | undefined;
  const answer = await compareAndSwap(options, liveRecordDocument(channel), {
    dryRun,
    decide: async (record) => {
      made = undefined;
      const earlier = earlierChange(record, operation, action);
      if (earlier !== undefined) return { answer: answerFor(record, true, earlier.from) };
      const next = await change(record, authorOf(options, operation, by));
      if (next === undefined) return { answer: answerFor(record, false) };
      made = next;
      return { answer: answerFor(next, true, record.latest), next };
    },
  });
  if (made === undefined || dryRun) return answer;
  log('info', action, { channel, ...made.history.at(-1), to: made.latest });
  if (made.latest !== answer.from) await keepFacts(options, channel, made);
  return answer;
}

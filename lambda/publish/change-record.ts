import { type ChannelRecord, changeOf, formatRecord, recordKey, resolvedRelease } from '../../lib/domain/record.ts';
import type { Author } from '../../lib/domain/record-changes.ts';
import { channelUrl, permanentUrl } from '../../lib/domain/urls.ts';
import { compareAndSwap } from './compare-and-swap.ts';
import { liveRecord } from './load-channel.ts';
import { operationUsed } from './operation-used.ts';
import type { PublishOptions } from './publish-options.ts';

/** What is told of a channel that was moved or marked. */
export interface ChangedChannel {
  readonly channel: string;
  readonly action: string;
  /** Whether this very operation did it, rather than an earlier one. */
  readonly fresh: boolean;
  readonly latest: string | null;
  /** The latest before, where this operation changed anything. */
  readonly from?: string;
  readonly channelUrl: string;
  readonly permanentUrl?: string;
}

export interface RecordChange {
  readonly channel: string;
  readonly action: string;
  readonly operation: string;
  readonly by: string;
  readonly dryRun: boolean;
  /** The record with the change, or undefined where what is asked for is so already. Throws what stands against it. */
  readonly change: (record: ChannelRecord, author: Author) => Promise<ChannelRecord | undefined>;
}

function described(
  record: ChannelRecord,
  { channel, action }: RecordChange,
  fresh: boolean,
  baseUrl: string,
): ChangedChannel {
  const { fileExtension, history } = record;
  const latest = resolvedRelease(record);
  const from = fresh ? history.at(-1)?.from : undefined;
  return {
    channel,
    action,
    fresh,
    latest: latest ?? null,
    ...(from === undefined ? {} : { from }),
    channelUrl: channelUrl(baseUrl, channel, fileExtension),
    ...(latest === undefined ? {} : { permanentUrl: permanentUrl(baseUrl, latest + fileExtension) }),
  };
}

/** Changes a channel's record once for each operation: a repeat finds its id in the history and says the same. */
export async function changeRecord(options: PublishOptions, asked: RecordChange): Promise<ChangedChannel> {
  const { baseUrl, now, log } = options;
  const { channel, action, operation, by, dryRun, change } = asked;
  let audit: Readonly<Record<string, unknown>> | undefined;
  const answer = await compareAndSwap<ChannelRecord, ChangedChannel>(options, {
    key: recordKey(channel),
    parse: (text) => liveRecord(channel, text),
    format: formatRecord,
    dryRun,
    decide: async (record) => {
      const earlier = changeOf(record, operation);
      if (earlier !== undefined) {
        if (earlier.action !== action) throw operationUsed(operation);
        const { from } = earlier;
        return { answer: { ...described(record, asked, true, baseUrl), ...(from === undefined ? {} : { from }) } };
      }
      const next = await change(record, { operation, at: new Date(now()).toISOString(), by });
      if (next === undefined) return { answer: described(record, asked, false, baseUrl) };
      audit = { ...next.history.at(-1), to: next.latest };
      return { answer: described(next, asked, true, baseUrl), next };
    },
  });
  if (audit !== undefined && !dryRun) log('info', action, { channel, ...audit });
  return answer;
}

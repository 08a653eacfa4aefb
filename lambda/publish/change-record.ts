import type { ChangedChannel } from '../../lib/api/answers.ts';
import { Conflict } from '../../lib/api/problem.ts';
import { Unavailable } from '../../lib/domain/problem.ts';
import { type ChannelRecord, changeOf, formatRecord, recordKey, resolvedRelease } from '../../lib/domain/record.ts';
import type { Author } from '../../lib/domain/record-changes.ts';
import { channelUrl, permanentUrl } from '../../lib/domain/urls.ts';
import type { BucketWriter } from '../../lib/store/write/bucket-writer.ts';
import { liveRecord } from './load-channel.ts';
import type { PublishOptions } from './publish-options.ts';

/** Milliseconds: the gateway waits 30 s. */
const patience = 20_000;
const longestPause = 1_000;

interface Swap<Value, Answer> {
  readonly key: string;
  readonly parse: (text: string | undefined) => Value;
  readonly format: (value: Value) => string;
  /** From what is there now: the answer, and what is to be written, if anything. Asked again after each lost race. */
  readonly decide: (current: Value) => Decision<Value, Answer> | Promise<Decision<Value, Answer>>;
  /** Whether only to decide, and to write nothing. */
  readonly dryRun?: boolean | undefined;
}

interface Decision<Value, Answer> {
  readonly answer: Answer;
  readonly next?: Value;
}

/** Changes one object of the bucket by compare-and-swap, as often as others get in between. */
export async function compareAndSwap<Value, Answer>(
  {
    bucket,
    now,
    sleep,
  }: Pick<PublishOptions, 'now' | 'sleep'> & { readonly bucket: Pick<BucketWriter, 'readText' | 'writeText'> },
  { key, parse, format, decide, dryRun = false }: Swap<Value, Answer>,
): Promise<Answer> {
  const begun = now();
  for (let attempt = 0; now() - begun < patience; attempt += 1) {
    const found = await bucket.readText(key);
    const { answer, next } = await decide(parse(found?.text));
    if (next === undefined || dryRun) return answer;
    const condition = found === undefined ? 'if-absent' : { ifMatch: found.etag };
    if ((await bucket.writeText(key, format(next), condition)) === 'written') return answer;
    await sleep(Math.random() * Math.min(longestPause, 20 * 2 ** attempt));
  }
  throw new Unavailable(`Too many others change "${key}" at once. Nothing was changed: run the same command again.`);
}

export const operationUsed = (operation: string): Conflict =>
  new Conflict('operation-used', `The operation "${operation}" was something else: make a new id for each run.`);

interface RecordChange {
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

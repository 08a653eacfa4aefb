import { Unavailable } from '../../lib/domain/problem.ts';
import type { BucketWriter } from '../../lib/store/write/bucket-writer.ts';
import type { PublishOptions } from './publish-options.ts';

/** Milliseconds: the gateway waits 30 s. */
const patience = 20_000;
const longestPause = 1_000;

export interface Swap<Value, Answer> {
  readonly key: string;
  readonly parse: (text: string | undefined) => Value;
  readonly format: (value: Value) => string;
  /** From what is there now: the answer, and what is to be written, if anything. Asked again after each lost race. */
  readonly decide: (current: Value) => Decision<Value, Answer> | Promise<Decision<Value, Answer>>;
  /** Whether only to decide, and to write nothing. */
  readonly dryRun?: boolean | undefined;
}

export interface Decision<Value, Answer> {
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

import { Unavailable } from '../../domain/problem.ts';

/** For everything that looks at many objects: a thousand requests take about two seconds. */
export const maxConcurrentRequests = 16;

/** Maps in order, with at most `limit` calls under way. The first failure ends it. */
export async function mapLimit<Item, Result>(
  items: readonly Item[],
  limit: number,
  map: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < items.length) {
      const index = next;
      next += 1;
      results[index] = await map(items[index] as Item);
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, work));
  return results;
}

/**
 * The HTTP status of an error that the S3 client threw. Undefined where no answer came, and for a bucket that does not exist:
 * that 404 says nothing about the key.
 */
export function statusOf(error: unknown): number | undefined {
  const { name, $metadata } = (error ?? {}) as { name?: unknown; $metadata?: { httpStatusCode?: unknown } };
  const status = $metadata?.httpStatusCode;
  return typeof status === 'number' && name !== 'NoSuchBucket' ? status : undefined;
}

export const unavailable = (cause: unknown): Unavailable =>
  new Unavailable('The bucket did not answer as expected. No change is half done: run the same command again.', cause);

/** A field that S3's answer always has. */
export function required<Value>(value: Value | undefined, name: string): Value {
  if (value === undefined) throw unavailable(new Error(`S3's answer has no ${name}`));
  return value;
}

/** Awaits a call. An error whose status is a key of `expected` has that value as its answer; any other one is `Unavailable`. */
export async function answerOf<Value, Expected extends string | undefined = never>(
  call: Promise<Value>,
  expected: Readonly<Record<number, Expected>> = {},
): Promise<Value | Expected> {
  try {
    return await call;
  } catch (error) {
    const status = statusOf(error);
    if (status !== undefined && status in expected) return expected[status] as Expected;
    throw unavailable(error);
  }
}

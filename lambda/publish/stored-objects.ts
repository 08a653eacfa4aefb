import { mapLimit, maxConcurrentRequests } from '../../lib/store/write/s3-requests.ts';
import type { PublishOptions } from './observe-publish.ts';

/** What the bucket says of an object. */
export interface Stored {
  readonly size?: number;
  /** Milliseconds since 1970. */
  readonly changedAt?: number;
}

/** Looking at so many objects one by one takes a second. Beyond that they are listed. */
const maxHeads = 300;
const maxListedPages = 40;

function commonPrefix(names: readonly string[]): string {
  const [first = '', ...others] = names;
  let length = first.length;
  for (const name of others) while (!name.startsWith(first.slice(0, length))) length -= 1;
  return first.slice(0, length);
}

/** Sizes and times of these objects, where the bucket has them. */
export async function storedObjects(
  { bucket }: Pick<PublishOptions, 'bucket'>,
  keys: readonly string[],
): Promise<ReadonlyMap<string, Stored>> {
  const found = new Map<string, Stored>();
  if (keys.length <= maxHeads) {
    await mapLimit(keys, maxConcurrentRequests, async (key) => {
      const object = await bucket.head(key);
      if (object !== undefined) found.set(key, object);
    });
    return found;
  }
  const wanted = new Set(keys);
  const prefix = commonPrefix(keys);
  let after: string | undefined;
  for (let page = 0; page < maxListedPages; page += 1) {
    const { items, next } = await bucket.listObjects(prefix, after);
    for (const { key, ...object } of items) if (wanted.has(key)) found.set(key, object);
    if (next === undefined) break;
    after = next;
  }
  return found;
}

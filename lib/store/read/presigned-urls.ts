import type { BucketReader } from './bucket-reader.ts';
import { longestPresignedLifetime } from './presigned-lifetime.ts';
import { RecentMap } from './recent-map.ts';

const mostKept = 2_000;

interface KeptUrl {
  readonly url: string;
  readonly reuseUntil: number;
  /** Of the keys that signed it. */
  readonly generation: number;
}

/** Presigned URLs, each handed out again during the first half of its life. */
export class PresignedUrls {
  readonly #reader: Pick<BucketReader, 'presignGet' | 'generation'>;
  readonly #now: () => number;
  readonly #lifetime: number;
  readonly #kept = new RecentMap<KeptUrl>(mostKept);

  /** @param lifetime seconds */
  constructor(
    reader: Pick<BucketReader, 'presignGet' | 'generation'>,
    now: () => number,
    lifetime = longestPresignedLifetime,
  ) {
    this.#reader = reader;
    this.#now = now;
    this.#lifetime = lifetime;
  }

  async of(key: string): Promise<string> {
    const kept = this.#kept.get(key);
    if (kept !== undefined && kept.generation === this.#reader.generation() && this.#now() < kept.reuseUntil)
      return kept.url;
    const reuseUntil = this.#now() + (this.#lifetime / 2) * 1_000;
    const generation = this.#reader.generation();
    const url = await this.#reader.presignGet(key, this.#lifetime);
    this.#kept.set(key, { url, reuseUntil, generation });
    return url;
  }
}

import { type BucketReader, presignedLifetime } from './bucket-reader.ts';
import { RecentMap } from './recent-map.ts';

const mostKept = 2_000;

/** Presigned URLs, each handed out again during the first half of its life. */
export class PresignedUrls {
  readonly #reader: Pick<BucketReader, 'presignGet'>;
  readonly #now: () => number;
  readonly #kept = new RecentMap<{ readonly url: string; readonly reuseUntil: number }>(mostKept);

  constructor(reader: Pick<BucketReader, 'presignGet'>, now: () => number) {
    this.#reader = reader;
    this.#now = now;
  }

  async of(key: string): Promise<string> {
    const kept = this.#kept.get(key);
    if (kept !== undefined && this.#now() < kept.reuseUntil) return kept.url;
    const reuseUntil = this.#now() + (presignedLifetime / 2) * 1_000;
    const url = await this.#reader.presignGet(key);
    this.#kept.set(key, { url, reuseUntil });
    return url;
  }
}

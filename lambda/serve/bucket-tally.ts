import type { BucketReader } from '../../lib/store/read/bucket-reader.ts';

export interface Counted {
  readonly loads: number;
  readonly refreshes: number;
  readonly failures: number;
  /** What was given though it is older than it may be. */
  readonly stale: readonly string[];
  readonly staleCause: unknown;
}

const nothing: Counted = { loads: 0, refreshes: 0, failures: 0, stale: [], staleCause: undefined };

/**
 * What was asked of the bucket since it was last taken. Requests share what is kept in memory, so nobody knows whose a refresh
 * is; a sandbox has one request at a time, so it is that one's.
 */
export class BucketTally {
  #counted = nothing;

  readonly onStale = (key: string, cause: unknown): void => {
    const { stale } = this.#counted;
    this.#counted = {
      ...this.#counted,
      stale: stale.includes(key) ? stale : [...stale, key],
      staleCause: cause,
    };
  };

  /** The same bucket, with what is asked of it counted. */
  watch(reader: BucketReader): BucketReader {
    const failing = <Answer>(asked: Promise<Answer>): Promise<Answer> =>
      asked.catch((error) => {
        this.#add('failures');
        throw error;
      });
    return {
      readText: (key, knownEtag) => {
        this.#add(knownEtag === undefined ? 'loads' : 'refreshes');
        return failing(reader.readText(key, knownEtag));
      },
      head: (key) => {
        this.#add('loads');
        return failing(reader.head(key));
      },
      generation: () => reader.generation(),
      presignGet: (key, lifetime) => reader.presignGet(key, lifetime),
    };
  }

  take(): Counted {
    const counted = this.#counted;
    this.#counted = nothing;
    return counted;
  }

  #add(what: 'loads' | 'refreshes' | 'failures'): void {
    this.#counted = { ...this.#counted, [what]: this.#counted[what] + 1 };
  }
}

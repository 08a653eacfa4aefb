import { Unavailable } from '../../domain/problem.ts';
import type { BucketReader, ObjectHead } from './bucket-reader.ts';
import { RecentMap } from './recent-map.ts';

const mostKept = 10_000;
const mostAbsent = 1_000;
/** Milliseconds for which a name that the bucket does not have is not asked again. */
const absence = 30_000;
const mostUnknown = 8;

/** How it is known whether somebody may read a release. */
export interface Restriction {
  /** Whether a record in memory of a channel that may be read names the release. */
  readonly isNamed: () => boolean;
  readonly isReadable: (head: ObjectHead) => Promise<boolean>;
  /** Loads what `isReadable` could do with. */
  readonly learn: () => Promise<void>;
}

/**
 * What the bucket says of releases. They never change, so it is asked once of each. Names that nobody published are anybody's
 * to make up: what they may cost is bounded.
 */
export class ObjectFacts {
  readonly #reader: Pick<BucketReader, 'head'>;
  readonly #now: () => number;
  readonly #kept = new RecentMap<ObjectHead>(mostKept);
  readonly #absent = new RecentMap<number>(mostAbsent);
  readonly #restricted = new RecentMap<number>(mostAbsent);
  readonly #asking = new Map<string, Promise<ObjectHead | undefined>>();
  #unknown = 0;

  constructor(reader: Pick<BucketReader, 'head'>, now: () => number) {
    this.#reader = reader;
    this.#now = now;
  }

  /** @param isNamed whether a record in memory names the release: then it is asked whatever was seen before */
  async find(key: string, isNamed: () => boolean): Promise<ObjectHead | undefined> {
    const kept = this.#kept.get(key);
    if (kept !== undefined) return kept;
    const named = isNamed();
    if (!named && this.#now() < (this.#absent.get(key) ?? 0)) return undefined;
    return this.#asking.get(key) ?? this.#ask(key, named);
  }

  /** What is known of a release without asking. */
  kept(key: string): ObjectHead | undefined {
    return this.#kept.get(key);
  }

  /**
   * For who may not read everything: asks of the same release again even if it is known, and forgets a refusal after the
   * same time, so that a release which is not for this reader costs what one costs that does not exist. A refusal saves the
   * bucket that question alone: the next reader may have another right to the same release.
   */
  async findRestricted(key: string, { isNamed, isReadable, learn }: Restriction): Promise<ObjectHead | undefined> {
    const named = isNamed();
    const isRefused = !named && this.#now() < (this.#restricted.get(key) ?? 0);
    const head = isRefused ? this.#kept.get(key) : await (this.#asking.get(key) ?? this.#ask(key, named));
    if (head !== undefined && (await isReadable(head))) return head;
    await learn();
    if (head !== undefined && (await isReadable(head))) return head;
    if (!isRefused) this.#restricted.set(key, this.#now() + absence);
    return undefined;
  }

  #ask(key: string, named: boolean): Promise<ObjectHead | undefined> {
    if (!named && this.#unknown >= mostUnknown)
      throw new Unavailable('Too many releases are looked up at once: try again.');
    this.#unknown += named ? 0 : 1;
    const asking = this.#load(key).finally(() => {
      this.#unknown -= named ? 0 : 1;
      this.#asking.delete(key);
    });
    this.#asking.set(key, asking);
    return asking;
  }

  async #load(key: string): Promise<ObjectHead | undefined> {
    const head = await this.#reader.head(key);
    if (head !== 'absent') this.#kept.set(key, head);
    else this.#absent.set(key, this.#now() + absence);
    return head === 'absent' ? undefined : head;
  }
}

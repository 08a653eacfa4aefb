import { Unavailable } from '../../domain/problem.ts';
import type { BucketReader, ObjectHead } from './bucket-reader.ts';
import { RecentMap } from './recent-map.ts';

const mostKept = 10_000;
const mostAbsent = 1_000;
/** Milliseconds for which a name that the bucket does not have is not asked again. */
const absence = 30_000;
const mostUnknown = 8;

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
    const head = await this.#ask(key, named);
    if (head === undefined) this.#absent.set(key, this.#now() + absence);
    return head;
  }

  /** What is known of a release without asking. */
  kept(key: string): ObjectHead | undefined {
    return this.#kept.get(key);
  }

  /**
   * For who may not read everything: asks of the same release again even if it is known, unless it was refused before, so that
   * a release which is not for this reader costs what one costs that does not exist.
   */
  async findRestricted(key: string, named: boolean): Promise<ObjectHead | undefined> {
    return !named && this.#isRefused(key) ? this.#kept.get(key) : this.#ask(key, named);
  }

  /**
   * Remembers for the time of an absence that the release was refused. That saves the bucket a question alone: the next reader
   * may have another right to the same release.
   */
  refuse(key: string): void {
    if (!this.#isRefused(key)) this.#restricted.set(key, this.#now() + absence);
  }

  #isRefused(key: string): boolean {
    return this.#now() < (this.#restricted.get(key) ?? 0);
  }

  #ask(key: string, named: boolean): Promise<ObjectHead | undefined> {
    const asked = this.#asking.get(key);
    if (asked !== undefined) return asked;
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
    if (head === 'absent') return undefined;
    this.#kept.set(key, head);
    return head;
  }
}

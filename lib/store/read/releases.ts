import { Unavailable } from '../../domain/problem.ts';
import { LruMap } from './cache.ts';
import { maxPresignedLifetimeSeconds } from './presign.ts';
import type { BucketReader, ObjectHead } from './reader.ts';

const maxKeptObjects = 10_000;
/** Concurrent look-ups of names that no record in memory has. */
const maxUnknownLookups = 8;

/** Whether a record names a release, as a question to whoever has the records. */
export interface Naming {
  /** As far as memory tells. */
  readonly isNamed: () => boolean;
  /** The same after the record that is likeliest to name it was read again. */
  readonly isNamedNow: () => Promise<boolean>;
}

/** Of a release that a record names for certain. */
export const named: Naming = { isNamed: () => true, isNamedNow: async () => true };

/**
 * What the bucket says of releases. They never change, so what is there is asked for once. What is not there may be published
 * at any moment, and another function may lead readers to it at once: that is asked each time. Anybody can make up names, so
 * only so many look-ups of names that no record has run at once; a release that a record names is never held up by them.
 */
export class ObjectFacts {
  readonly #reader: Pick<BucketReader, 'head'>;
  readonly #kept = new LruMap<ObjectHead>(maxKeptObjects);
  readonly #asking = new Map<string, Promise<ObjectHead | undefined>>();
  #unknown = 0;

  constructor(reader: Pick<BucketReader, 'head'>) {
    this.#reader = reader;
  }

  /** Concurrent calls share a look-up. One that began before may have missed a release, so after its "no" S3 is asked again. */
  async find(key: string, naming: Naming): Promise<ObjectHead | undefined> {
    return this.#kept.get(key) ?? (await this.#asking.get(key)) ?? this.#share(key, naming);
  }

  /** What is known of a release without asking. */
  kept(key: string): ObjectHead | undefined {
    return this.#kept.get(key);
  }

  /**
   * Asks in a look-up that begins after this call, even if the release is known or found meanwhile: for readers who may not
   * read everything, so that a release which is not for them costs what one costs that does not exist.
   */
  async ask(key: string, naming: Naming): Promise<ObjectHead | undefined> {
    await this.#asking.get(key);
    return this.#share(key, naming);
  }

  #share(key: string, naming: Naming): Promise<ObjectHead | undefined> {
    return this.#asking.get(key) ?? this.#begin(key, naming);
  }

  async #begin(key: string, { isNamed, isNamedNow }: Naming): Promise<ObjectHead | undefined> {
    const isUnknown = !isNamed() && (this.#unknown < maxUnknownLookups || !(await isNamedNow()));
    if (isUnknown && this.#unknown >= maxUnknownLookups)
      throw new Unavailable('Too many releases are looked up at once: try again.');
    const asked = this.#asking.get(key);
    if (asked !== undefined) return asked;
    this.#unknown += isUnknown ? 1 : 0;
    const asking = this.#load(key).finally(() => {
      this.#unknown -= isUnknown ? 1 : 0;
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

const maxKeptUrls = 2_000;

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
  readonly #lifetimeSeconds: number;
  readonly #kept = new LruMap<KeptUrl>(maxKeptUrls);

  constructor(
    reader: Pick<BucketReader, 'presignGet' | 'generation'>,
    now: () => number,
    lifetimeSeconds = maxPresignedLifetimeSeconds,
  ) {
    this.#reader = reader;
    this.#now = now;
    this.#lifetimeSeconds = lifetimeSeconds;
  }

  async of(key: string): Promise<string> {
    const kept = this.#kept.get(key);
    if (kept !== undefined && kept.generation === this.#reader.generation() && this.#now() < kept.reuseUntil)
      return kept.url;
    const reuseUntil = this.#now() + (this.#lifetimeSeconds / 2) * 1_000;
    const generation = this.#reader.generation();
    const url = await this.#reader.presignGet(key, this.#lifetimeSeconds);
    this.#kept.set(key, { url, reuseUntil, generation });
    return url;
  }
}

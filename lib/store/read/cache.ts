export interface Freshness {
  /** Milliseconds. */
  readonly maxAge: number;
  /** Milliseconds past the maximum age for which the last value stands while loading fails. Absent: without limit. */
  readonly believed?: number;
  readonly now: () => number;
  /** Milliseconds; how long a refresh is waited for where there is an old value. */
  readonly patience?: number;
  /** Told of each answer that is older than the maximum age because the refresh failed. */
  readonly onStale: (cause: unknown) => void;
}

/**
 * Milliseconds past their maximum age for which visibility, keys and deny list are used while they cannot be loaded again.
 * Afterwards nobody knows who may read what.
 */
export const accessStaleIfErrorMs = 300_000;

/** After a failed refresh the old value is given without asking again for so long, in milliseconds. */
const pause = 5_000;
/** Who has an old value is not kept waiting for a new one for longer than this, in milliseconds. */
const usualPatience = 1_000;

interface Attempt<Value> {
  readonly value: Value;
  /** Why the value is the one from before. */
  readonly failure?: unknown;
}

/**
 * A value that is loaded on first use and again when it is older than the maximum age, one load at a time. When loading
 * fails, the last value stands for as long as it is believed; when there is none, the error does.
 */
export class Refreshed<Value> {
  readonly #load: (previous: Value | undefined) => Promise<Value>;
  readonly #freshness: Freshness;
  readonly #isProvisional: () => boolean;
  #value: Value | undefined;
  #loadedAt = Number.NEGATIVE_INFINITY;
  #freshUntil = Number.NEGATIVE_INFINITY;
  #believedUntil = Number.POSITIVE_INFINITY;
  #loading: Promise<Attempt<Value>> | undefined;
  #failure: unknown;

  /** @param isProvisional whether what was just loaded should be loaded again soon, whatever the maximum age is */
  constructor(
    load: (previous: Value | undefined) => Promise<Value>,
    freshness: Freshness,
    isProvisional: () => boolean = () => false,
  ) {
    this.#load = load;
    this.#freshness = freshness;
    this.#isProvisional = isProvisional;
  }

  /** What is there now, however old. */
  get last(): Value | undefined {
    return this.#value;
  }

  /** When the last load that succeeded began, in milliseconds since 1970. */
  get loadedAt(): number {
    return this.#loadedAt;
  }

  get(): Promise<Value> | Value {
    const { now, onStale } = this.#freshness;
    if (this.#value !== undefined && now() < this.#freshUntil) {
      if (this.#failure !== undefined) onStale(this.#failure);
      return this.#value;
    }
    const loading = this.renew();
    return this.#value === undefined || now() >= this.#believedUntil ? loading : this.#orOld(loading, this.#value);
  }

  /** Loads now, however fresh the value is; the old one where that fails and it is still believed. */
  renew(): Promise<Value> {
    return this.#attempt().then(({ value }) => value);
  }

  /**
   * Loads in a load that begins after this call: one that is under way may miss what happened since it began. Rejects when
   * loading fails, even if there is an old value.
   */
  async reload(): Promise<Value> {
    await this.#loading?.catch(() => {});
    const { value, failure } = await this.#attempt();
    if (failure !== undefined) throw failure;
    return value;
  }

  #attempt(): Promise<Attempt<Value>> {
    this.#loading ??= this.#refresh().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  async #orOld(loading: Promise<Value>, old: Value): Promise<Value> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<Value>((resolve) => {
      timer = setTimeout(() => {
        this.#freshness.onStale(new Error('the answer takes long'));
        resolve(old);
      }, this.#freshness.patience ?? usualPatience);
    });
    return Promise.race([loading, late]).finally(() => clearTimeout(timer));
  }

  async #refresh(): Promise<Attempt<Value>> {
    const { maxAge, believed = Number.POSITIVE_INFINITY, now, onStale } = this.#freshness;
    const begun = now();
    try {
      this.#value = await this.#load(this.#value);
      this.#failure = undefined;
      this.#loadedAt = begun;
      this.#freshUntil = begun + (this.#isProvisional() ? Math.min(maxAge, pause) : maxAge);
      this.#believedUntil = begun + maxAge + believed;
      return { value: this.#value };
    } catch (failure) {
      if (this.#value === undefined || now() >= this.#believedUntil) throw failure;
      if (now() < this.#freshUntil && this.#failure === undefined) return { value: this.#value, failure };
      this.#failure = failure;
      this.#freshUntil = Math.min(now() + pause, this.#believedUntil);
      onStale(failure);
      return { value: this.#value, failure };
    }
  }
}

/** A map that keeps the entries used last and forgets the others. */
export class RecentMap<Value> {
  readonly #entries = new Map<string, Value>();
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  get(key: string): Value | undefined {
    const value = this.#entries.get(key);
    if (value !== undefined) {
      this.#entries.delete(key);
      this.#entries.set(key, value);
    }
    return value;
  }

  set(key: string, value: Value): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size > this.#most) {
      const [oldest] = this.#entries.keys();
      this.#entries.delete(oldest as string);
    }
  }

  get size(): number {
    return this.#entries.size;
  }
}

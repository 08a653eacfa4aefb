export interface Freshness {
  readonly maxAgeMs: number;
  /** For how long past the maximum age the last value is used while loading fails (RFC 5861). Absent: without limit. */
  readonly staleIfErrorMs?: number;
  readonly now: () => number;
  /** How long to wait for a refresh where there is an old value. */
  readonly patienceMs?: number;
  /** Called for each answer that is older than the maximum age because the refresh failed. */
  readonly onStale: (cause: unknown) => void;
}

/**
 * For how long past their maximum age visibility, keys and deny list are used while they cannot be loaded again. Afterwards
 * nobody knows who may read what.
 */
export const accessStaleIfErrorMs = 300_000;

/** After a failed refresh the old value is used for this long before the next attempt. */
const failurePauseMs = 5_000;
/** Where there is an old value, nobody waits longer than this for a new one. */
const defaultPatienceMs = 1_000;

interface Attempt<Value> {
  readonly value: Value;
  /** Why the value is the one from before. */
  readonly failure?: unknown;
}

/**
 * A value that is loaded on first use and again when it is older than the maximum age, one load at a time. When loading
 * fails, the last value is used for `staleIfErrorMs`; when there is none, the error is thrown.
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

  /** The last value, however old. */
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

  /** Loads now, however fresh the value is. Where that fails: the old value, within `staleIfErrorMs`. */
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
      }, this.#freshness.patienceMs ?? defaultPatienceMs);
    });
    return Promise.race([loading, late]).finally(() => clearTimeout(timer));
  }

  async #refresh(): Promise<Attempt<Value>> {
    const { maxAgeMs, staleIfErrorMs = Number.POSITIVE_INFINITY, now, onStale } = this.#freshness;
    const begun = now();
    try {
      this.#value = await this.#load(this.#value);
      this.#failure = undefined;
      this.#loadedAt = begun;
      this.#freshUntil = begun + (this.#isProvisional() ? Math.min(maxAgeMs, failurePauseMs) : maxAgeMs);
      this.#believedUntil = begun + maxAgeMs + staleIfErrorMs;
      return { value: this.#value };
    } catch (failure) {
      if (this.#value === undefined || now() >= this.#believedUntil) throw failure;
      if (now() < this.#freshUntil && this.#failure === undefined) return { value: this.#value, failure };
      this.#failure = failure;
      this.#freshUntil = Math.min(now() + failurePauseMs, this.#believedUntil);
      onStale(failure);
      return { value: this.#value, failure };
    }
  }
}

/** A map that keeps the entries that were used most recently. */
export class LruMap<Value> {
  readonly #entries = new Map<string, Value>();
  readonly #maxEntries: number;

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries;
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
    if (this.#entries.size > this.#maxEntries) {
      const [oldest] = this.#entries.keys();
      this.#entries.delete(oldest as string);
    }
  }

  get size(): number {
    return this.#entries.size;
  }
}

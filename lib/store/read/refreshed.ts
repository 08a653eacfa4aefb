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

/** After a failed refresh the old value is given without asking again for so long, in milliseconds. */
const pause = 5_000;
/** Who has an old value is not kept waiting for a new one for longer than this, in milliseconds. */
const usualPatience = 1_000;

/**
 * A value that is loaded on first use and again when it is older than the maximum age, one load at a time. When loading
 * fails, the last value stands for as long as it is believed; when there is none, the error does.
 */
export class Refreshed<Value> {
  readonly #load: (previous: Value | undefined) => Promise<Value>;
  readonly #freshness: Freshness;
  #value: Value | undefined;
  #freshUntil = Number.NEGATIVE_INFINITY;
  #believedUntil = Number.POSITIVE_INFINITY;
  #loading: Promise<Value> | undefined;
  #failure: unknown;

  constructor(load: (previous: Value | undefined) => Promise<Value>, freshness: Freshness) {
    this.#load = load;
    this.#freshness = freshness;
  }

  /** What is there now, however old. */
  get last(): Value | undefined {
    return this.#value;
  }

  /** Milliseconds since 1970. */
  get freshUntil(): number {
    return this.#freshUntil;
  }

  get isFresh(): boolean {
    return this.#value !== undefined && this.#freshness.now() < this.#freshUntil;
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

  async #refresh(): Promise<Value> {
    const { maxAge, believed = Number.POSITIVE_INFINITY, now, onStale } = this.#freshness;
    const begun = now();
    try {
      this.#value = await this.#load(this.#value);
      this.#failure = undefined;
      this.#freshUntil = begun + maxAge;
      this.#believedUntil = begun + maxAge + believed;
    } catch (error) {
      if (this.#value === undefined || now() >= this.#believedUntil) throw error;
      if (now() < this.#freshUntil && this.#failure === undefined) return this.#value;
      this.#failure = error;
      this.#freshUntil = Math.min(now() + pause, this.#believedUntil);
      onStale(error);
    }
    return this.#value;
  }
}

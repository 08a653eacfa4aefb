import type { Freshness, Refreshed } from './cache.ts';

/** Records that are read again at once for releases that are looked up beyond the limit. */
const maxUrgentRecords = 8;
/** What was read within this time counts as new even if the maximum age is less. */
const alwaysNewMs = 1_000;

/** Goes through names in rounds, some at a time. When the round last came to the next name tells how old the oldest is. */
class Rotation {
  readonly #names: readonly string[];
  readonly #visitedAt: number[];
  #next = 0;
  #advancedAt = Number.NEGATIVE_INFINITY;

  constructor(names: Iterable<string>) {
    this.#names = [...names];
    this.#visitedAt = this.#names.map(() => Number.NEGATIVE_INFINITY);
  }

  /** Every name was visited at this time or later, in milliseconds since 1970. */
  get oldestVisit(): number {
    return this.#visitedAt[this.#next] ?? Number.POSITIVE_INFINITY;
  }

  get advancedAt(): number {
    return this.#advancedAt;
  }

  /** Visits the next names. Where a visit fails, all of them stay the next. */
  async advance(max: number, now: number, visit: (name: string) => Promise<unknown>): Promise<void> {
    const { length } = this.#names;
    if (max <= 0 || length === 0) return;
    const begin = this.#next;
    const places = Array.from({ length: Math.min(max, length) }, (_, step) => (begin + step) % length);
    await Promise.all(places.map((place) => visit(this.#names[place] as string)));
    for (const place of places) this.#visitedAt[place] = now;
    this.#advancedAt = now;
    if (this.#next === begin) this.#next = (begin + places.length) % length;
  }
}

type Reloadable = Pick<Refreshed<unknown>, 'loadedAt' | 'reload'>;

/** Reads records again before their age asks for it, where a release is looked up that no record in memory names. */
export class RecordReloads {
  readonly #recordOf: (channel: string) => Reloadable;
  readonly #options: Pick<Freshness, 'maxAgeMs' | 'now'>;
  /** How many wait for each record that is read again for a release looked up beyond the limit. */
  readonly #urgent = new Map<string, number>();
  #rotation = new Rotation([]);

  constructor(recordOf: (channel: string) => Reloadable, options: Pick<Freshness, 'maxAgeMs' | 'now'>) {
    this.#recordOf = recordOf;
    this.#options = options;
  }

  set publicChannels(names: Iterable<string>) {
    this.#rotation = new Rotation(names);
  }

  /** Those of these channels and the next of the public ones, as `ChannelDirectory.reload` says. */
  async reload(channels: Iterable<string>, max: number, recentMs: number): Promise<boolean> {
    const { now, maxAgeMs } = this.#options;
    const isOld = (at: number): boolean => now() - at >= Math.max(maxAgeMs, alwaysNewMs);
    const reload = (channel: string): Promise<unknown> => this.#recordOf(channel).reload();
    const named = [...channels].map((channel) => ({ channel, loadedAt: this.#recordOf(channel).loadedAt }));
    // Two that were never loaded are both at minus infinity, the difference of which is no number.
    if (named.length > max) named.sort((one, other) => one.loadedAt - other.loadedAt || 0);
    const due = named.slice(0, max);
    const rotation = this.#rotation;
    const isDue = now() - rotation.advancedAt >= recentMs || isOld(rotation.oldestVisit);
    await Promise.all([
      ...due.map(({ channel }) => reload(channel)),
      isDue ? rotation.advance(max - due.length, now(), reload) : undefined,
    ]);
    return !isOld(rotation.oldestVisit) && !named.slice(max).some(({ loadedAt }) => isOld(loadedAt));
  }

  /** Once for all who wait for it. Does nothing if too many records are read in this way at the moment. */
  async reloadOne(channel: string): Promise<void> {
    const waiting = this.#urgent.get(channel) ?? 0;
    if (waiting === 0 && this.#urgent.size >= maxUrgentRecords) return;
    this.#urgent.set(channel, waiting + 1);
    try {
      await this.#recordOf(channel).reload();
    } finally {
      const left = (this.#urgent.get(channel) ?? 1) - 1;
      if (left === 0) this.#urgent.delete(channel);
      else this.#urgent.set(channel, left);
    }
  }
}

interface Sleeper {
  readonly wakes: number;
  readonly wake: () => void;
}

/** A clock that stands still but for its sleepers: they wake in their order, each as soon as nothing else is to be done. */
export class FakeClock {
  /** Milliseconds since 1970. */
  time = Date.parse('2026-01-01T00:00:00Z');
  readonly slept: number[] = [];
  readonly #sleepers: Sleeper[] = [];

  readonly now = (): number => this.time;

  readonly sleep = (duration: number): Promise<void> => {
    this.slept.push(duration);
    return new Promise((wake) => {
      this.#sleepers.push({ wakes: this.time + duration, wake });
      setImmediate(() => this.#wakeNext());
    });
  };

  advance(milliseconds: number): void {
    this.time += milliseconds;
  }

  #wakeNext(): void {
    const next = this.#sleepers.reduce((first, sleeper) => (sleeper.wakes < first.wakes ? sleeper : first));
    this.#sleepers.splice(this.#sleepers.indexOf(next), 1);
    this.time = Math.max(this.time, next.wakes);
    next.wake();
  }
}

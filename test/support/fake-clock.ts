/** A clock that stands still until it is moved; sleeping moves it, and lets everything else that waits go on. */
export class FakeClock {
  /** Milliseconds since 1970. */
  time = Date.parse('2026-01-01T00:00:00Z');
  readonly slept: number[] = [];

  readonly now = (): number => this.time;

  readonly sleep = async (duration: number): Promise<void> => {
    this.slept.push(duration);
    this.time += duration;
    await new Promise((resolve) => setImmediate(resolve));
  };

  advance(milliseconds: number): void {
    this.time += milliseconds;
  }
}

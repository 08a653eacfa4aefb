import { formatSeconds } from '../progress.ts';

export interface RetryOptions {
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** Says a sentence to whoever waits. */
  readonly note?: ((sentence: string) => void) | undefined;
  /** Milliseconds since 1970. */
  readonly now?: (() => number) | undefined;
}

export interface Failure {
  /** Why another try is needed, as the end of a sentence. */
  readonly reason: string;
  /** The answer's header, where it has one: seconds, or a date (RFC 9110, section 10.2.3). */
  readonly retryAfter?: string | undefined;
  /** Whether everybody queues here, so that only time counts and not the number of tries. */
  readonly isQueue?: boolean;
}

export const maxTries = 6;
/** What one request waits for in a queue. With a reserved concurrency of 1 all publishers are in one. */
export const maxWaitMs = 120_000;
/** Shorter waits are not worth a line. */
const silentMs = 2_000;

/** At random, so that those who failed together do not return together. */
const backoffMs = (failures: number): number => (0.5 + Math.random() / 2) * Math.min(8_000, 250 * 2 ** failures);

/** Milliseconds; 0 where the header says nothing that can be understood. */
export function retryAfterMs(header: string | undefined, now: number): number {
  if (header === undefined) return 0;
  if (/^\d+$/.test(header)) return Number(header) * 1_000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? 0 : Math.max(0, date - now);
}

/**
 * The one policy for whatever is tried again. The function that it gives waits before the next try of one request; false
 * where there is to be none.
 */
export function createRetry({ sleep, note, now = Date.now }: RetryOptions): (failure: Failure) => Promise<boolean> {
  let failures = 0;
  let waitedMs = 0;
  return async ({ reason, retryAfter, isQueue = false }) => {
    failures += 1;
    if (isQueue ? waitedMs >= maxWaitMs : failures >= maxTries) return false;
    const pauseMs = Math.max(backoffMs(failures - 1), retryAfterMs(retryAfter, now()));
    if (pauseMs > maxWaitMs) return false;
    waitedMs += pauseMs;
    if (pauseMs > silentMs) note?.(`waiting ${formatSeconds(pauseMs / 1_000)} to try again: ${reason}`);
    await sleep(pauseMs);
    return true;
  };
}

/** Every page of a listing. `ask` gets the cursor that the page before named in `next`. */
export async function* pages<Cursor extends string | number, Page extends { readonly next?: Cursor }>(
  ask: (after: Cursor | undefined) => Promise<Page>,
  first?: Cursor,
): AsyncGenerator<Page> {
  let after = first;
  do {
    const page = await ask(after);
    yield page;
    after = page.next;
  } while (after !== undefined);
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Does the work, and says how to go on if a signal ends the process meanwhile. */
export type WhenInterrupted = <Result>(say: () => void, work: () => Promise<Result>) => Promise<Result>;

/** For a process that nobody can interrupt but whoever ends the caller too. */
export const neverInterrupted: WhenInterrupted = (_, work) => work();

export const whenInterrupted: WhenInterrupted = async (say, work) => {
  const end = (signal: NodeJS.Signals): void => {
    for (const each of signals) process.off(each, end);
    say();
    // Whoever else listens ends the process; if nobody does, the signal ends it as if nobody ever had listened.
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
  };
  for (const signal of signals) process.on(signal, end);
  try {
    return await work();
  } finally {
    for (const signal of signals) process.off(signal, end);
  }
};

/** The limits that an account and a stack set. */
export interface Limits {
  /** Requests a second, and at once, that API Gateway accepts. */
  readonly gatewayRate: number;
  readonly gatewayBurst: number;
  /** Function instances at once: those of the account, or `serveReservedConcurrency`. */
  readonly concurrency: number;
}

/** Lambda developer guide, "Lambda scaling behavior": 1,000 instances every ten seconds, refilled continuously. */
const startBurst = 1_000;
const startsPerSecond = 100;
/** Lambda developer guide, "Understanding Lambda function scaling": requests a second, for each instance of the limit. */
const runsPerSecond = 10;

/** Seconds. Measured or assumed as docs/scale.md says. */
const runSeconds = 0.02;
const coldRunSeconds = 0.6;
/** Between the answer for the channel and the request for the release. */
const turnSeconds = 0.05;

/**
 * How Nix 2.34 waits: five attempts, each wait twice as long as the one before, and up to 1.4 times that by chance. So it is some
 * 4.5 s in all after 503, and a minute and more each after 429.
 */
const maxAttempts = 5;
const firstWaitSeconds = { 503: 0.25, 429: 60 } as const;

/** As evenly between 0 and 1 as chance, and the same in each run (the fractional parts of multiples of two irrational numbers). */
const chance = (machine: number, attempt: number): number =>
  (machine * 0.618_033_988_75 + attempt * 0.754_877_666_25) % 1;

const waitSeconds = (status: keyof typeof firstWaitSeconds, machine: number, attempt: number): number =>
  firstWaitSeconds[status] * 2 ** (attempt + chance(machine, attempt) / 2);

export interface Storm {
  readonly machines: number;
  /** In which the machines' timers elapse, evenly. */
  readonly spreadSeconds: number;
  /** 1: the channel has not changed. 2: there is a new release, which each machine asks for next. */
  readonly requests: 1 | 2;
  readonly limits: Limits;
}

export interface Outcome {
  readonly coldStarts: number;
  /** The greatest number of instances at work. */
  readonly maxConcurrency: number;
  /** Answers, not machines: a machine may get several. */
  readonly refused429: number;
  readonly throttled503: number;
  /** Machines that gave up. */
  readonly failed: number;
  /** From a machine's first request to its last answer, of those that did not fail; 0 if all failed. */
  readonly medianSeconds: number;
  readonly p99Seconds: number;
}

/** Tokens that fill up again evenly. Times must not go back. */
function tokenBucket(rate: number, capacity: number): (time: number) => boolean {
  let [tokens, since] = [capacity, 0];
  return (time) => {
    tokens = Math.min(capacity, tokens + (time - since) * rate);
    since = time;
    if (tokens < 1) return false;
    tokens -= 1;
    return true;
  };
}

interface Entry<Event> {
  readonly time: number;
  readonly order: number;
  readonly event: Event;
}

const isBefore = <Event>(one: Entry<Event>, other: Entry<Event>): boolean =>
  one.time < other.time || (one.time === other.time && one.order < other.order);

/** A binary heap. Of equal times the one that was added first comes first, so that each run is the same. */
class Agenda<Event> {
  readonly #heap: Entry<Event>[] = [];
  #added = 0;

  get nextTime(): number {
    return this.#heap[0]?.time ?? Number.POSITIVE_INFINITY;
  }

  #at(index: number): Entry<Event> {
    return this.#heap[index] as Entry<Event>;
  }

  add(time: number, event: Event): void {
    const entry = { time, order: this.#added++, event };
    let at = this.#heap.length;
    for (let parent = (at - 1) >> 1; at > 0 && isBefore(entry, this.#at(parent)); parent = (at - 1) >> 1) {
      this.#heap[at] = this.#at(parent);
      at = parent;
    }
    this.#heap[at] = entry;
  }

  take(): Entry<Event> | undefined {
    const first = this.#heap[0];
    const last = this.#heap.pop();
    const size = this.#heap.length;
    if (last === undefined || size === 0) return first;
    let at = 0;
    for (let child = 1; child < size; child = 2 * at + 1) {
      if (child + 1 < size && isBefore(this.#at(child + 1), this.#at(child))) child += 1;
      if (!isBefore(this.#at(child), last)) break;
      this.#heap[at] = this.#at(child);
      at = child;
    }
    this.#heap[at] = last;
    return first;
  }
}

interface Request {
  readonly machine: number;
  readonly began: number;
  /** Requests that this machine has still to send after this one. */
  readonly left: number;
  readonly attempt: number;
}

/**
 * What happens when the timers of many machines elapse and no instance of serve is there: each request passes the gateway's
 * limit, then takes an instance that is idle, or starts one, or is throttled. Instances that were started stay.
 */
export function simulateStorm({ machines, spreadSeconds, requests, limits }: Storm): Outcome {
  const agenda = new Agenda<Request>();
  const working = new Agenda<undefined>();
  const passGateway = tokenBucket(limits.gatewayRate, limits.gatewayBurst);
  const mayStart = tokenBucket(startsPerSecond, startBurst);
  const mayRun = tokenBucket(runsPerSecond * limits.concurrency, runsPerSecond * limits.concurrency);
  const durations: number[] = [];
  const counts = { coldStarts: 0, maxConcurrency: 0, refused429: 0, throttled503: 0, failed: 0 };
  let busy = 0;
  let arrived = 0;

  /** Machines arrive in order, so they need not wait on the agenda. */
  const nextEvent = (): { readonly time: number; readonly event: Request } | undefined => {
    const began = (arrived * spreadSeconds) / machines;
    if (arrived === machines || agenda.nextTime < began) return agenda.take();
    arrived += 1;
    return { time: began, event: { machine: arrived, began, left: requests - 1, attempt: 0 } };
  };

  const retry = (time: number, request: Request, status: keyof typeof firstWaitSeconds): void => {
    const attempt = request.attempt + 1;
    if (attempt === maxAttempts) counts.failed += 1;
    else agenda.add(time + waitSeconds(status, request.machine, request.attempt), { ...request, attempt });
  };

  for (let next = nextEvent(); next !== undefined; next = nextEvent()) {
    const { time, event: request } = next;
    for (; working.nextTime <= time; working.take()) busy -= 1;
    if (!passGateway(time)) {
      counts.refused429 += 1;
      retry(time, request, 429);
      continue;
    }
    const isIdle = busy < counts.coldStarts;
    const isThrottled = !mayRun(time) || (!isIdle && (counts.coldStarts >= limits.concurrency || !mayStart(time)));
    if (isThrottled) {
      counts.throttled503 += 1;
      retry(time, request, 503);
      continue;
    }
    if (!isIdle) counts.coldStarts += 1;
    busy += 1;
    counts.maxConcurrency = Math.max(counts.maxConcurrency, busy);
    const end = time + (isIdle ? runSeconds : coldRunSeconds);
    working.add(end, undefined);
    if (request.left === 0) durations.push(end - request.began);
    else agenda.add(end + turnSeconds, { ...request, left: request.left - 1, attempt: 0 });
  }

  durations.sort((one, other) => one - other);
  const at = (share: number): number => durations[Math.ceil(durations.length * share) - 1] ?? 0;
  return { ...counts, medianSeconds: at(0.5), p99Seconds: at(0.99) };
}

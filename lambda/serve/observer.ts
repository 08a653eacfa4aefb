import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import { clientVersion, type Outcome, outcomeOfStatus } from '../../lib/domain/metrics.ts';
import { Problem } from '../../lib/domain/problem.ts';
import type { BucketReader } from '../../lib/store/read/reader.ts';
import { describeError, type Log, type Meter } from '../http/log.ts';
import { untracked } from '../http/settings.ts';
import type { Intent } from './respond.ts';

interface Counted {
  readonly loads: number;
  readonly refreshes: number;
  readonly failures: number;
  /** What was given though it is older than it may be. */
  readonly stale: readonly string[];
  readonly staleCause: unknown;
}

const nothing: Counted = { loads: 0, refreshes: 0, failures: 0, stale: [], staleCause: undefined };

/**
 * What was asked of the bucket since it was last taken. Requests share what is kept in memory, so nobody knows whose a refresh
 * is; a sandbox has one request at a time, so it is that one's.
 */
class BucketTally {
  #counted = nothing;

  readonly onStale = (key: string, cause: unknown): void => {
    const { stale } = this.#counted;
    this.#counted = {
      ...this.#counted,
      stale: stale.includes(key) ? stale : [...stale, key],
      staleCause: cause,
    };
  };

  /** The same bucket, with what is asked of it counted. */
  watch(reader: BucketReader): BucketReader {
    const failing = <Answer>(asked: Promise<Answer>): Promise<Answer> =>
      asked.catch((error) => {
        this.#add('failures');
        throw error;
      });
    return {
      readText: (key, knownEtag) => {
        this.#add(knownEtag === undefined ? 'loads' : 'refreshes');
        return failing(reader.readText(key, knownEtag));
      },
      head: (key) => {
        this.#add('loads');
        return failing(reader.head(key));
      },
      generation: () => reader.generation(),
      presignGet: (key, lifetime) => reader.presignGet(key, lifetime),
    };
  }

  take(): Counted {
    const counted = this.#counted;
    this.#counted = nothing;
    return counted;
  }

  #add(what: 'loads' | 'refreshes' | 'failures'): void {
    this.#counted = { ...this.#counted, [what]: this.#counted[what] + 1 };
  }
}

type Event = APIGatewayProxyEventV2;
type Result = APIGatewayProxyStructuredResultV2;
type Handler = (event: Event, context: Context) => Promise<Result>;

/** What a request's line says beside what can be seen of the request from outside. Nothing here is the client's own word. */
export interface Observation {
  /** Only one that the catalog has. */
  channel?: string;
  /** The key of a release, only of one that was found. */
  release?: string;
  /** The channel that uploaded the release, where that was asked for by its own name. */
  owner?: string | undefined;
  outcome?: Outcome;
  /** Why a token was refused, from a fixed list. */
  reason?: string;
}

interface ObserverOptions {
  /** The stack's name. */
  readonly service: string;
  /** Channels that are counted by name; the others are counted together. */
  readonly trackedChannels: readonly string[];
  /** Milliseconds from any point on, with fractions. */
  readonly stopwatch: () => number;
  /** Writes the line of each request. */
  readonly meter: Meter;
  readonly log: Log;
}

/** In a warning. */
const maxNamedKeys = 10;

function cacheState({ stale, loads, refreshes }: Counted): 'stale' | 'loaded' | 'refreshed' | 'hit' {
  if (stale.length > 0) return 'stale';
  if (loads > 0) return 'loaded';
  return refreshes > 0 ? 'refreshed' : 'hit';
}

/** Writes one line for each request, which is log and metrics at once. */
export class Observer {
  readonly tally = new BucketTally();
  readonly #options: ObserverOptions;
  readonly #observations = new WeakMap<Event, Observation>();
  #isCold = true;

  constructor(options: ObserverOptions) {
    this.#options = options;
  }

  /** What the request's line will say; each step adds what it knows. */
  of(event: Event): Observation {
    return this.#observations.get(event) ?? {};
  }

  observe(handler: Handler): Handler {
    const { stopwatch } = this.#options;
    return async (event, context) => {
      const begun = stopwatch();
      const observation: Observation = {};
      this.#observations.set(event, observation);
      const result = await handler(event, context);
      this.#write(event, observation, result.statusCode ?? 0, stopwatch() - begun);
      return result;
    };
  }

  #write(event: Event, observation: Observation, status: number, duration: number): void {
    const { service, meter } = this.#options;
    const { requestId } = event.requestContext;
    const { channel, release, owner, reason, outcome } = observation;
    const counted = this.tally.take();
    const { refreshes, failures, stale } = counted;
    const trackedChannel = this.#trackedChannel(channel);
    const fields = {
      level: 'info',
      message: 'request',
      requestId,
      service,
      function: 'serve',
      route: event.routeKey,
      outcome: status >= 400 ? outcomeOfStatus(status) : outcome,
      status,
      channel: channel ?? owner,
      release,
      reason,
      nix: clientVersion(event.headers['user-agent']),
      cache: cacheState(counted),
      trackedChannel,
    };
    // Zeros are left out: a metric without data costs nothing.
    const values = {
      Requests: 1,
      Latency: Math.round(duration * 1_000) / 1_000,
      ...(trackedChannel === undefined ? {} : { ChannelRequests: 1 }),
      ...(reason === undefined ? {} : { AuthenticationFailures: 1 }),
      ...(this.#isCold ? { ColdStarts: 1 } : {}),
      ...(refreshes > 0 ? { Refreshes: refreshes } : {}),
      ...(stale.length > 0 ? { StaleAnswers: 1 } : {}),
      ...(failures > 0 ? { S3Errors: failures } : {}),
    };
    meter(values, fields);
    this.#isCold = false;
    if (stale.length > 0) this.#warnOfStale(requestId, counted);
  }

  #trackedChannel(channel: string | undefined): string | undefined {
    const { trackedChannels } = this.#options;
    if (channel === undefined || trackedChannels.length === 0) return undefined;
    return trackedChannels.includes(channel) ? channel : untracked;
  }

  #warnOfStale(requestId: string, { stale, staleCause }: Counted): void {
    this.#options.log('warn', 'stale', {
      requestId,
      keys: stale.slice(0, maxNamedKeys),
      ...(stale.length > maxNamedKeys ? { more: stale.length - maxNamedKeys } : {}),
      error: describeError(staleCause),
    });
  }
}

const outcomes: Readonly<Record<Intent['kind'], Outcome>> = {
  'lead-to-release': 'led-to-release',
  'lead-to-bucket': 'led-to-bucket',
  'describe-object': 'described',
  'not-modified': 'not-modified',
  'show-document': 'page',
  'document-unchanged': 'not-modified',
};

/** What was decided, for the line of the request. */
export function observeIntent(observation: Observation, intent: Intent): void {
  observation.outcome = outcomes[intent.kind];
  if ('key' in intent) observation.release = intent.key;
  if ('head' in intent) observation.owner = intent.head?.channel;
}

/** Why a token was refused: one of the reasons that there are. */
export function observeRefusal(observation: Observation, error: unknown): void {
  if (error instanceof Problem && error.status === 401) observation.reason = error.code;
}

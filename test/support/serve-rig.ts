import type { Context } from 'aws-lambda';
import { createAccess } from '../../lambda/auth/create-access.ts';
import type { JwtSettings } from '../../lambda/auth/jwt-settings.ts';
import { createMeter } from '../../lambda/http/log.ts';
import { createServe, type Serve } from '../../lambda/serve/create-serve.ts';
import { Observer } from '../../lambda/serve/observer.ts';
import { resolveRestricted } from '../../lambda/serve/restricted-release.ts';
import type { RequestFunction } from '../../lib/store/read/request.ts';
import { FakeClock } from './fake-clock.ts';
import { gatewayEvent } from './gateway-event.ts';
import { type LogLine, logLines } from './log-lines.ts';
import { MemoryBucket } from './memory-bucket.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export type Read = (target: string, headers?: Readonly<Record<string, string>>, method?: string) => Promise<Answer>;

export interface ServeRig {
  readonly bucket: MemoryBucket;
  readonly clock: FakeClock;
  readonly lines: LogLine[];
  /** The line of each request. */
  readonly requests: LogLine[];
  readonly serve: Serve;
  /** GETs a decoded path, which a query may follow. */
  readonly get: Read;
  readonly head: Read;
  /** How many calls to the bucket an action makes. */
  readonly callsOf: (action: () => Promise<unknown>) => Promise<string[]>;
}

export const base = 'https://channels.test';
/** Milliseconds. */
export const channelMaxAge = 60_000;

const unreachable: RequestFunction = async () => {
  throw new Error('no issuer here');
};

export interface ServeRigOptions {
  readonly bucket?: MemoryBucket;
  readonly clock?: FakeClock;
  /** Absent: everybody may read everything. */
  readonly jwt?: JwtSettings;
  /** Answers for the issuer. */
  readonly request?: RequestFunction;
}

/** The serve function over a bucket in memory. */
export function serveRig(options: ServeRigOptions = {}): ServeRig {
  const { bucket = new MemoryBucket(), clock = new FakeClock(), jwt, request = unreachable } = options;
  const { lines, requests, log } = logLines();
  const { now } = clock;
  bucket.now = now;
  const write = (line: string): void => void requests.push(JSON.parse(line));
  const meter = createMeter({ now, write });
  const observer = new Observer({ service: 'Test', trackedChannels: ['demo'], stopwatch: now, meter, log });
  const reader = observer.tally.watch(bucket.reader);
  const { onStale } = observer.tally;
  const tokens = jwt && {
    access: createAccess({ settings: jwt, reader, request, maxAgeMs: channelMaxAge, now, log, onStale }),
    resolveRestricted,
  };
  const serve = createServe({ reader, baseUrl: base, channelMaxAge, tokens, now, log, observer });
  const get: Read = async (target, headers = {}, method = 'GET') => {
    const [, rawPath = '', search] = /^([^?]*)(?:\?(.*))?$/s.exec(target) ?? [];
    const query = search === undefined ? {} : { query: Object.fromEntries(new URLSearchParams(search)) };
    const routeKey = `${method} /${rawPath.split('/')[1]}/{name}`;
    const result = await serve.handler(gatewayEvent({ routeKey, method, rawPath, headers, ...query }), {} as Context);
    return {
      status: result.statusCode ?? 0,
      headers: (result.headers ?? {}) as Record<string, string>,
      body: result.body ?? '',
    };
  };
  return {
    bucket,
    clock,
    lines,
    requests,
    serve,
    get,
    head: (rawPath, headers) => get(rawPath, headers, 'HEAD'),
    callsOf: async (action) => {
      const before = bucket.calls.length;
      await action();
      return bucket.calls.slice(before);
    },
  };
}

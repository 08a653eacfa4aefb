import type { Context } from 'aws-lambda';
import { createServe, type Serve } from '../../lambda/serve/create-serve.ts';
import { Observer } from '../../lambda/serve/observer.ts';
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
  /** GETs a decoded path. */
  readonly get: Read;
  readonly head: Read;
  /** How many calls to the bucket an action makes. */
  readonly callsOf: (action: () => Promise<unknown>) => Promise<string[]>;
}

export const base = 'https://channels.test';
/** Milliseconds. */
export const channelMaxAge = 60_000;

/** The serve function over a bucket in memory. */
export function serveRig(bucket = new MemoryBucket(), clock = new FakeClock()): ServeRig {
  const { lines, requests, log } = logLines();
  bucket.now = clock.now;
  const observer = new Observer({
    service: 'Test',
    trackedChannels: ['demo'],
    now: clock.now,
    stopwatch: clock.now,
    write: (line) => requests.push(JSON.parse(line)),
    log,
  });
  const serve = createServe({
    reader: observer.tally.watch(bucket.reader),
    baseUrl: base,
    channelMaxAge,
    now: clock.now,
    log,
    observer,
  });
  const get: Read = async (rawPath, headers = {}, method = 'GET') => {
    const routeKey = `${method} /${rawPath.split('/')[1]}/{name}`;
    const result = await serve.handler(gatewayEvent({ routeKey, method, rawPath, headers }), {} as Context);
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

import type { Context } from 'aws-lambda';
import { createServe } from '../../../lambda/serve/create-serve.ts';
import { Observer } from '../../../lambda/serve/observer.ts';
import { longestPresignedLifetime } from '../../../lib/store/read/presigned-lifetime.ts';
import { gatewayEvent } from '../../support/gateway-event.ts';
import type { BenchPart } from '../bench-part.ts';
import { detail, median } from '../statistics.ts';
import { fakeReader } from './fake-reader.ts';

const requestsEachRun = 4_000;
/** The first runs are for the compiler of V8. */
const unmeasuredRuns = 2;

const eventOf = (rawPath: string) => gatewayEvent({ routeKey: 'GET /permanent/{name}', method: 'GET', rawPath });

/** CPU time of the handler: for a channel and its release in turn with all of it kept, and for a release signed anew each time. */
export const benchWarm: BenchPart = async ({ rounds }) => {
  let time = Date.parse('2026-01-01T00:00:00Z');
  const now = (): number => time;
  const { reader, requests } = fakeReader(now);
  let written = 0;
  const log = (): void => {};
  const observer = new Observer({
    service: 'Bench',
    trackedChannels: ['demo'],
    now,
    stopwatch: () => performance.now(),
    write: (line) => {
      written += line.length;
    },
    log,
  });
  const baseUrl = 'https://channels.test';
  const serve = createServe({ reader: observer.tally.watch(reader), baseUrl, channelMaxAge: 1e15, now, log, observer });
  await serve.warm();
  const channel = eventOf('/channel/demo.tar.xz');
  const release = eventOf('/permanent/demo-1.tar.xz');
  const context = {} as Context;
  const answer = async (event: typeof release): Promise<void> => {
    const { statusCode, headers } = await serve.handler(event, context);
    if (statusCode !== 307 || written === 0 || !headers?.location)
      throw new Error(`the handler answered ${statusCode}`);
  };
  /** µs a request, when so many milliseconds pass before each. */
  const measure = async (events: readonly (typeof release)[], pause: number): Promise<number> => {
    const before = process.cpuUsage();
    for (let request = 0; request < requestsEachRun; request += 1) {
      time += pause;
      await answer(events[request % events.length] as typeof release);
    }
    const { user, system } = process.cpuUsage(before);
    return (user + system) / requestsEachRun;
  };

  const both = [channel, release];
  for (const event of both) await answer(event);
  const loaded = requests();
  for (const event of both) await answer(event);
  const asked = requests() - loaded;

  const kept: number[] = [];
  const anew: number[] = [];
  for (let run = -unmeasuredRuns; run < rounds; run += 1) {
    const withAllKept = await measure(both, 0);
    const withNewUrl = await measure([release], (longestPresignedLifetime / 2) * 1_000);
    if (run < 0) continue;
    kept.push(withAllKept);
    anew.push(withNewUrl);
  }
  return {
    values: {
      'serve: warm, record and URL kept': median(kept),
      'serve: warm, presigned anew': median(anew),
      'serve: S3 requests of a warm request': asked,
    },
    details: [detail('warm request, URL kept', kept, 'µs'), detail('warm request, presigned anew', anew, 'µs')],
  };
};

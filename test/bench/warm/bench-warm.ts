import type { Context } from 'aws-lambda';
import { createAccess } from '../../../lambda/auth/create-access.ts';
import { createMeter } from '../../../lambda/http/log.ts';
import { createServe } from '../../../lambda/serve/create-serve.ts';
import { Observer } from '../../../lambda/serve/observer.ts';
import { maxPresignedLifetimeSeconds } from '../../../lib/store/read/presign.ts';
import { gatewayEvent } from '../../support/gateway-event.ts';
import { basic, newKey, token } from '../../support/tokens.ts';
import type { BenchPart } from '../bench-part.ts';
import { detail, median } from '../statistics.ts';
import { fakeReader } from './fake-reader.ts';
import { unknownRelease } from './unknown-release.ts';

const requestsEachRun = 4_000;
/** The first runs are for the compiler of V8. */
const unmeasuredRuns = 2;

const eventOf = (rawPath: string, headers = {}) =>
  gatewayEvent({ routeKey: 'GET /permanent/{name}', method: 'GET', rawPath, headers });

/**
 * CPU time of the handler: for a channel and its release in turn with all of it kept, without and with a token; for a release
 * signed anew each time; for one signed anew for a token that was never seen; and for releases that do not exist.
 */
export const benchWarm: BenchPart = async ({ rounds }) => {
  let time = Date.parse('2026-01-01T00:00:00Z');
  const now = (): number => time;
  const { reader, requests } = fakeReader(now);
  const key = newKey('RS256');
  let written = 0;
  const log = (): void => {};
  const observer = new Observer({
    service: 'Bench',
    trackedChannels: ['demo'],
    stopwatch: () => performance.now(),
    meter: createMeter({
      now,
      write: (line) => {
        written += line.length;
      },
    }),
    log,
  });
  const watched = observer.tally.watch(reader);
  const shared = { reader: watched, baseUrl: 'https://channels.test', channelMaxAge: 1e15, now, log, observer };
  const access = createAccess({
    settings: { keys: { pems: [key.pem], defaultScope: 'all' }, leewaySeconds: 0 },
    reader: watched,
    request: () => Promise.reject(new Error('there is no issuer')),
    maxAgeMs: 1e15,
    now,
    log,
    onStale: observer.tally.onStale,
  });
  const open = createServe(shared);
  const guarded = createServe({ ...shared, access });
  let serve = open;
  await Promise.all([open.warm(), guarded.warm()]);
  const tokenOf = (id: number) => ({
    authorization: basic(token(key, { sub: 'ci', jti: String(id), channels: ['demo'], exp: 1e12 })),
  });
  const channel = eventOf('/channel/demo.tar.xz');
  const release = eventOf('/permanent/demo-1.tar.xz');
  const context = {} as Context;
  const answer = async (event: typeof release): Promise<void> => {
    const { statusCode, headers } = await serve.handler(event, context);
    if (statusCode !== 307 || written === 0 || !headers?.location)
      throw new Error(`the handler answered ${statusCode}`);
  };
  /** µs a request, when so many milliseconds pass before each. */
  const measure = async (events: readonly (typeof release)[], pause: number, by = open): Promise<number> => {
    serve = by;
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

  const withToken = [eventOf('/channel/demo.tar.xz', tokenOf(0)), eventOf('/permanent/demo-1.tar.xz', tokenOf(0))];
  // More than are kept: each is new when its turn comes again.
  const newTokens = Array.from({ length: 1_200 }, (_, id) => eventOf('/permanent/demo-1.tar.xz', tokenOf(id)));
  const kept: number[] = [];
  const keptToken: number[] = [];
  const anew: number[] = [];
  const allNew: number[] = [];
  for (let run = -unmeasuredRuns; run < rounds; run += 1) {
    const withAllKept = await measure(both, 0);
    const withKeptToken = await measure(withToken, 0, guarded);
    const withNewUrl = await measure([release], (maxPresignedLifetimeSeconds / 2) * 1_000);
    const withAllNew = await measure(newTokens, (maxPresignedLifetimeSeconds / 2) * 1_000, guarded);
    if (run < 0) continue;
    kept.push(withAllKept);
    keptToken.push(withKeptToken);
    anew.push(withNewUrl);
    allNew.push(withAllNew);
  }
  const unknown = await unknownRelease();
  const unknownRuns: number[] = [];
  for (let run = -unmeasuredRuns; run < rounds; run += 1) {
    const milliseconds = await unknown.run();
    if (run >= 0) unknownRuns.push(milliseconds);
  }
  return {
    values: {
      'serve: warm, record and URL kept': median(kept),
      'serve: warm, presigned again': median(anew),
      'serve: warm, token and URL new': median(allNew),
      'serve: unknown release, 10,000 channels × 500': median(unknownRuns),
      'serve: S3 requests of a warm request': asked,
    },
    details: [
      detail('warm request, URL kept', kept, 'µs'),
      detail('warm request, token and URL kept', keptToken, 'µs'),
      detail('warm request, presigned again', anew, 'µs'),
      detail('warm request, token and URL new', allNew, 'µs'),
      detail('unknown release, 10,000 channels × 500', unknownRuns, 'ms'),
    ],
  };
};

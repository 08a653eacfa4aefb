import type { APIGatewayProxyEventV2, Context } from 'aws-lambda';
import { createAccess } from '../../../lambda/auth/create-access.ts';
import { createMeter } from '../../../lambda/http/log.ts';
import { createServe, type Serve } from '../../../lambda/serve/create-serve.ts';
import { Observer } from '../../../lambda/serve/observer.ts';
import { resolveRestricted } from '../../../lambda/serve/restricted-release.ts';
import { locateBucket } from '../../../lib/store/read/bucket-location.ts';
import type { Delivery } from '../../../lib/store/read/delivery.ts';
import { createPresign, fixedKeys } from '../../../lib/store/read/presign.ts';
import { createBucketReader } from '../../../lib/store/read/reader.ts';
import type { RequestFunction } from '../../../lib/store/read/request.ts';
import { gatewayEvent } from '../../support/gateway-event.ts';

/** Longer than a bench takes: nothing is refreshed. */
const maxAgeMs = 1e15;

export interface Service {
  readonly warm: Serve['warm'];
  readonly answer: (event: APIGatewayProxyEventV2) => ReturnType<Serve['handler']>;
}

interface ServiceOptions {
  /** The bucket. */
  readonly request: RequestFunction;
  readonly now: () => number;
  /** Public keys of the tokens that readers need; without any, everybody may read everything. */
  readonly pems?: readonly string[];
  /** Absent: URLs are presigned. */
  readonly delivery?: Delivery;
}

/** The function with a bucket that answers at once. URLs are really signed, and the log is made and thrown away. */
export function startService({ request, now, pems, delivery }: ServiceOptions): Service {
  const log = (): void => {};
  const meter = createMeter({ now, write: () => {} });
  const stopwatch = (): number => performance.now();
  const observer = new Observer({ service: 'Bench', trackedChannels: ['demo'], stopwatch, meter, log });
  const keys = fixedKeys({ accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'secret', sessionToken: 'token' });
  const presign = createPresign(locateBucket({ bucket: 'bucket', region: 'eu-central-1' }), keys, now);
  const reader = observer.tally.watch(createBucketReader(request, presign, keys));
  const tokens =
    pems === undefined
      ? undefined
      : {
          resolveRestricted,
          access: createAccess({
            settings: { keys: { pems, defaultScope: 'all' }, leewaySeconds: 0 },
            reader,
            request: () => Promise.reject(new Error('there is no issuer')),
            maxAgeMs,
            now,
            log,
            onStale: observer.tally.onStale,
          }),
        };
  const serve = createServe({
    reader,
    delivery,
    baseUrl: 'https://channels.test',
    channelMaxAge: maxAgeMs,
    tokens,
    now,
    log,
    observer,
  });
  return { warm: serve.warm, answer: (event) => serve.handler(event, {} as Context) };
}

export const eventOf = (rawPath: string, headers: Readonly<Record<string, string>> = {}): APIGatewayProxyEventV2 =>
  gatewayEvent({ routeKey: 'GET /permanent/{name}', method: 'GET', rawPath, headers });

/** µs of CPU of each of so many calls. */
export async function cpuOfEach(calls: number, call: (index: number) => Promise<unknown> | unknown): Promise<number> {
  const before = process.cpuUsage();
  for (let index = 0; index < calls; index += 1) await call(index);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / calls;
}

import type { Context } from 'aws-lambda';
import { createAccess } from '../../../lambda/auth/create-access.ts';
import { createMeter } from '../../../lambda/http/log.ts';
import { createServe } from '../../../lambda/serve/create-serve.ts';
import { Observer } from '../../../lambda/serve/observer.ts';
import { locateBucket } from '../../../lib/store/read/bucket-location.ts';
import { createPresign, fixedKeys } from '../../../lib/store/read/presign.ts';
import { createBucketReader } from '../../../lib/store/read/reader.ts';
import type { RequestFunction } from '../../../lib/store/read/request.ts';
import { gatewayEvent } from '../../support/gateway-event.ts';
import { newKey } from '../../support/tokens.ts';

const channels = Array.from({ length: 10_000 }, (_, channel) => `channel-${channel}`);
const releases = 500;
const requestsEachRun = 2_000;

const recordOf = (channel: string): string => {
  const previous = Array.from({ length: releases - 1 }, (_, release) => `${channel}-${1_000 + release}`);
  return JSON.stringify({ latest: `${channel}-2000`, previous, serial: releases });
};

/** A bucket with very many public channels and no release but their latest; it answers at once. */
const answer: RequestFunction = async ({ method, url }) => {
  const headers = { etag: '"e"', 'last-modified': 'Thu, 01 Jan 2026 00:00:00 GMT', 'content-length': '4' };
  const key = new URL(url).pathname.slice(1);
  if (method === 'HEAD') return { status: key.endsWith('-2000.tar.xz') ? 200 : 404, headers, body: '' };
  if (key === 'channels.json') return { status: 200, headers, body: JSON.stringify({ channels, public: channels }) };
  if (key === 'revoked.json') return { status: 404, headers, body: '<Code>NoSuchKey</Code>' };
  return { status: 200, headers, body: recordOf(key.slice(0, -'.json'.length)) };
};

export interface UnknownRelease {
  /** Milliseconds of CPU of each request, of one run. */
  readonly run: () => Promise<number>;
}

/** Requests without a token for releases that do not exist, where every record is in memory. */
export async function unknownRelease(): Promise<UnknownRelease> {
  const now = (): number => Date.parse('2026-01-01T00:00:00Z');
  const log = (): void => {};
  const observer = new Observer({
    service: 'Bench',
    trackedChannels: [],
    stopwatch: () => performance.now(),
    meter: createMeter({ now, write: () => {} }),
    log,
  });
  const keys = fixedKeys({ accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'secret', sessionToken: 'token' });
  const presign = createPresign(locateBucket({ bucket: 'bucket', region: 'eu-central-1' }), keys, now);
  const reader = observer.tally.watch(createBucketReader(answer, presign, keys));
  const access = createAccess({
    settings: { keys: { pems: [newKey('ES256').pem], defaultScope: 'all' }, leewaySeconds: 0 },
    reader,
    request: () => Promise.reject(new Error('there is no issuer')),
    maxAgeMs: 60_000,
    now,
    log,
    onStale: observer.tally.onStale,
  });
  const serve = createServe({
    reader,
    baseUrl: 'https://channels.test',
    channelMaxAge: 60_000,
    access,
    now,
    log,
    observer,
  });
  let asked = 0;
  const statusOfNext = async (): Promise<number | undefined> => {
    asked += 1;
    const rawPath = `/permanent/${channels[asked % channels.length]}-made-up.tar.xz`;
    const event = gatewayEvent({ routeKey: 'GET /permanent/{name}', method: 'GET', rawPath });
    return (await serve.handler(event, {} as Context)).statusCode;
  };
  // Each request reads some more records; 503 until all are in memory.
  while ((await statusOfNext()) === 503);
  return {
    async run() {
      const before = process.cpuUsage();
      for (let request = 0; request < requestsEachRun; request += 1) {
        const status = await statusOfNext();
        if (status !== 401) throw new Error(`the handler answered ${status}`);
      }
      const { user, system } = process.cpuUsage(before);
      return (user + system) / 1_000 / requestsEachRun;
    },
  };
}

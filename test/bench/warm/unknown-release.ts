import type { RequestFunction } from '../../../lib/store/read/request.ts';
import { newKey } from '../../support/tokens.ts';
import { cpuOfEach, eventOf, startService } from './service.ts';

const channels = Array.from({ length: 10_000 }, (_, channel) => `channel-${channel}`);
const releases = 500;
const requestsEachRun = 2_000;

const recordOf = (channel: string): string => {
  const previous = Array.from({ length: releases - 1 }, (_, release) => `${channel}-${1_000 + release}`);
  return JSON.stringify({ latest: `${channel}-2000`, previous, serial: releases });
};

/** A bucket with very many public channels and no release but their latest. */
const request: RequestFunction = async ({ method, url }) => {
  const headers = { etag: '"e"', 'last-modified': 'Thu, 01 Jan 2026 00:00:00 GMT', 'content-length': '4' };
  const key = new URL(url).pathname.slice(1);
  if (method === 'HEAD') return { status: key.endsWith('-2000.tar.xz') ? 200 : 404, headers, body: '' };
  if (key === 'channels.json') return { status: 200, headers, body: JSON.stringify({ channels, public: channels }) };
  if (key === 'revoked.json') return { status: 404, headers, body: '<Code>NoSuchKey</Code>' };
  return { status: 200, headers, body: recordOf(key.slice(0, -'.json'.length)) };
};

export interface UnknownRelease {
  /** µs of CPU of each request, of one run. */
  readonly run: () => Promise<number>;
}

/** Requests without a token for releases that do not exist, where every record is in memory. */
export async function unknownRelease(): Promise<UnknownRelease> {
  const now = (): number => Date.parse('2026-01-01T00:00:00Z');
  const { answer } = startService({ request, now, pems: [newKey('ES256').pem] });
  let asked = 0;
  const statusOfNext = async (): Promise<number | undefined> => {
    asked += 1;
    return (await answer(eventOf(`/permanent/${channels[asked % channels.length]}-made-up.tar.xz`))).statusCode;
  };
  // Each request reads some more records; 503 until all are in memory.
  while ((await statusOfNext()) === 503);
  return {
    run: () =>
      cpuOfEach(requestsEachRun, async () => {
        const status = await statusOfNext();
        if (status !== 401) throw new Error(`the handler answered ${status}`);
      }),
  };
}

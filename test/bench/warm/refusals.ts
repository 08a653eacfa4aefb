import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import type { RequestFunction } from '../../../lib/store/read/request.ts';
import { newKey } from '../../support/tokens.ts';
import { cpuOfEach, eventOf, type Service, startService } from './service.ts';

const requestsEachRun = 4_000;
const channels = Array.from({ length: 10_000 }, (_, channel) => `channel-${channel}`);
const moved = '2026-01-01T00:00:00.000Z';

/** A bucket with very many channels, all of which moved a moment ago. */
const request: RequestFunction = async ({ method, url }) => {
  const headers = { etag: '"e"', 'last-modified': new Date(moved).toUTCString(), 'content-length': '4' };
  const key = new URL(url).pathname.slice(1);
  if (method === 'HEAD') return { status: 200, headers, body: '' };
  if (key === 'channels.json') return { status: 200, headers, body: JSON.stringify({ channels }) };
  if (key === 'revoked.json') return { status: 404, headers, body: '<Code>NoSuchKey</Code>' };
  const channel = key.slice(0, -'.json'.length);
  const [from, release] = [`${channel}-1`, `${channel}-2`];
  const move = { serial: 2, operation: 'move', action: 'publish', release, from, at: moved, by: 'ci' };
  return {
    status: 200,
    headers,
    body: JSON.stringify({ latest: release, previous: [from], serial: 2, history: [move] }),
  };
};

/** µs of CPU of each request, of one run. */
type Run = () => Promise<number>;

/** Requests for a channel with 10,000 channels: one that is answered well, and those that are refused. */
export async function refusals(): Promise<
  Readonly<Record<'good' | 'unauthorized' | 'notFound' | 'movedMeanwhile', Run>>
> {
  const now = (): number => Date.parse(moved) + 60_000;
  const open = startService({ request, now });
  const guarded = startService({ request, now, pems: [newKey('ES256').pem] });
  await Promise.all([open.warm(), guarded.warm()]);
  const run =
    (service: Service, event: APIGatewayProxyEventV2, expected: number): Run =>
    () =>
      cpuOfEach(requestsEachRun, async () => {
        const { statusCode } = await service.answer(event);
        if (statusCode !== expected) throw new Error(`the handler answered ${statusCode}, not ${expected}`);
      });
  const channel = '/channel/channel-0.tar.xz';
  return {
    good: run(open, eventOf(channel), 307),
    unauthorized: run(guarded, eventOf(channel), 401),
    notFound: run(open, eventOf('/channel/made-up.tar.xz'), 404),
    movedMeanwhile: run(open, eventOf(channel, { range: 'bytes=1000-' }), 412),
  };
}

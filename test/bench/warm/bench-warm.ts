import { createHash, createHmac } from 'node:crypto';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { createDelivery, parseDeliveryKey } from '../../../lib/store/read/delivery.ts';
import { maxPresignedLifetimeSeconds } from '../../../lib/store/read/presign.ts';
import { deliveryKeyPair } from '../../support/delivery-key.ts';
import { basic, newKey, token } from '../../support/tokens.ts';
import type { BenchPart } from '../bench-part.ts';
import { detail, median } from '../statistics.ts';
import { fakeBucket } from './fake-bucket.ts';
import { refusals } from './refusals.ts';
import { cpuOfEach, eventOf, type Service, startService } from './service.ts';
import { unknownRelease } from './unknown-release.ts';

const requestsEachRun = 4_000;
/** The first runs are for the compiler of V8. */
const unmeasuredRuns = 2;

const canonicalRequest = `GET\n/demo-1.tar.xz\n${'X-Amz-Parameter=value&'.repeat(20)}\nhost:bucket\n\nhost\nUNSIGNED-PAYLOAD`;

/** What one signature of AWS (Signature Version 4) needs of the processor at least: a hash, and a chain of five HMACs. */
function signOnce(): string {
  const hashed = createHash('sha256').update(canonicalRequest).digest('hex');
  let key: Buffer = Buffer.from('AWS4secret');
  for (const part of ['20260101', 'eu-central-1', 's3', 'aws4_request'])
    key = createHmac('sha256', key).update(part).digest();
  return createHmac('sha256', key).update(`AWS4-HMAC-SHA256\n${hashed}`).digest('hex');
}

/** Runs in turns, so that what else the machine does falls on all alike: the CPU time of each, in µs, by its name. */
async function inTurns<Name extends string>(
  rounds: number,
  runs: Readonly<Record<Name, () => Promise<number>>>,
): Promise<Readonly<Record<Name, readonly number[]>>> {
  const names = Object.keys(runs) as Name[];
  const measured = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (let round = -unmeasuredRuns; round < rounds; round += 1)
    for (const name of names) {
      const cpu = await runs[name]();
      if (round >= 0) measured[name].push(cpu);
    }
  return measured;
}

/**
 * CPU time of the handler against that of one signature: for a channel and its release in turn with all of it kept, without and
 * with a token; for a release signed again each time, for S3 and for CloudFront; for one signed again for a token that was never seen; for releases
 * that do not exist. And of refused requests for a channel against that of a good one.
 */
export const benchWarm: BenchPart = async ({ rounds }) => {
  let time = Date.parse('2026-01-01T00:00:00Z');
  const now = (): number => time;
  const { request, requests } = fakeBucket();
  const key = newKey('RS256');
  const open = startService({ request, now });
  const guarded = startService({ request, now, pems: [key.pem] });
  const deliveryKey = parseDeliveryKey(deliveryKeyPair().secret('K1'), undefined);
  const delivery = createDelivery({
    origin: 'https://d123.cloudfront.net',
    keys: { get: () => deliveryKey, generation: () => 0 },
    now,
  });
  const delivered = startService({ request, now, delivery });
  await Promise.all([open.warm(), guarded.warm(), delivered.warm()]);
  const tokenOf = (id: number) => ({
    authorization: basic(token(key, { sub: 'ci', jti: String(id), channels: ['demo'], exp: 1e12 })),
  });
  const redirected = async (event: APIGatewayProxyEventV2, { answer }: Service): Promise<void> => {
    const { statusCode, headers } = await answer(event);
    if (statusCode !== 307 || !headers?.location) throw new Error(`the handler answered ${statusCode}`);
  };
  /** So many milliseconds pass before each request. */
  const measure = (events: readonly APIGatewayProxyEventV2[], pause: number, by = open): Promise<number> =>
    cpuOfEach(requestsEachRun, async (index) => {
      time += pause;
      await redirected(events[index % events.length] as APIGatewayProxyEventV2, by);
    });

  const release = eventOf('/permanent/demo-1.tar.xz');
  const both = [eventOf('/channel/demo.tar.xz'), release];
  for (const event of both) await redirected(event, open);
  const loaded = requests();
  for (const event of both) await redirected(event, open);
  const asked = requests() - loaded;

  const withToken = [eventOf('/channel/demo.tar.xz', tokenOf(0)), eventOf('/permanent/demo-1.tar.xz', tokenOf(0))];
  // More than are kept: each is new when its turn comes again.
  const newTokens = Array.from({ length: 1_200 }, (_, id) => eventOf('/permanent/demo-1.tar.xz', tokenOf(id)));
  const toNextUrl = (maxPresignedLifetimeSeconds / 2) * 1_000;
  const unknown = await unknownRelease();
  const refused = await refusals();
  const cpu = await inTurns(rounds, {
    signature: () => cpuOfEach(requestsEachRun, signOnce),
    kept: () => measure(both, 0),
    keptToken: () => measure(withToken, 0, guarded),
    newUrl: () => measure([release], toNextUrl),
    delivered: () => measure([release], toNextUrl, delivered),
    allNew: () => measure(newTokens, toNextUrl, guarded),
    unknown: unknown.run,
    ...refused,
  });
  const ratio = (to: 'signature' | 'good' | 'newUrl', name: keyof typeof cpu): number =>
    median(cpu[name].map((value, round) => value / (cpu[to][round] as number)));
  return {
    values: {
      'serve: warm, record and URL kept, against a signature': ratio('signature', 'kept'),
      'serve: warm, presigned again, against a signature': ratio('signature', 'newUrl'),
      'serve: warm, signed for CloudFront against presigned': ratio('newUrl', 'delivered'),
      'serve: warm, token and URL new, against a signature': ratio('signature', 'allNew'),
      'serve: unknown release, 10,000 channels × 500, against a signature': ratio('signature', 'unknown'),
      'serve: 401 with 10,000 channels, against a good answer': ratio('good', 'unauthorized'),
      'serve: 404 with 10,000 channels, against a good answer': ratio('good', 'notFound'),
      'serve: 412 with 10,000 channels, against a good answer': ratio('good', 'movedMeanwhile'),
      'serve: S3 requests of a warm request': asked,
    },
    details: [
      detail('one signature', cpu.signature, 'µs'),
      detail('warm request, URL kept', cpu.kept, 'µs'),
      detail('warm request, token and URL kept', cpu.keptToken, 'µs'),
      detail('warm request, presigned again', cpu.newUrl, 'µs'),
      detail('warm request, signed for CloudFront again', cpu.delivered, 'µs'),
      detail('warm request, token and URL new', cpu.allNew, 'µs'),
      detail('unknown release, 10,000 channels × 500', cpu.unknown, 'µs'),
      detail('a good answer, 10,000 channels', cpu.good, 'µs'),
      detail('401, 10,000 channels', cpu.unauthorized, 'µs'),
      detail('404, 10,000 channels', cpu.notFound, 'µs'),
      detail('412, 10,000 channels', cpu.movedMeanwhile, 'µs'),
    ],
  };
};

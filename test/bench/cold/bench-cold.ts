import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { bundleFunction } from '../../../lib/stack/bundle-function.ts';
import { deliveryKeyPair } from '../../support/delivery-key.ts';
import { gatewayEvent } from '../../support/gateway-event.ts';
import { localhostCertificate } from '../../support/localhost-tls.ts';
import { newKey } from '../../support/tokens.ts';
import type { BenchPart } from '../bench-part.ts';
import { onOneProcessor } from '../measured-process.ts';
import { detail, median } from '../statistics.ts';
import { startS3OverTls } from './s3-over-tls.ts';

const run = promisify(execFile);
const emptyHandler = "export const handler = async () => ({ statusCode: 307, headers: { location: 'x' } });\n";
/** Starts for each round of other parts: one start alone says little. */
const startsEachRound = 5;

interface Start {
  /** Milliseconds. */
  readonly cpu: number;
  /** Kilobytes. */
  readonly peak: number;
  /** Seconds. */
  readonly wall: number;
}

/**
 * A start of the read function with its first request, against a start of an empty handler: CPU and memory; and how long it
 * takes with 10,000 channels against 10; and a start with a first download, by CloudFront against presigned. CPU with one channel, which is public: each further connection at the start costs 4 ms.
 * Interleaved, because the machine is not equally busy all the time.
 */
export const benchCold: BenchPart = async ({ rounds }) => {
  const directory = await mkdtemp(join(tmpdir(), 'nix-channel-cold-'));
  const named = (count: number): string[] => Array.from({ length: count }, (_, index) => `channel-${index}`);
  const one = await startS3OverTls(named(1), deliveryKeyPair().secret('K1'));
  const few = await startS3OverTls(named(10));
  const many = await startS3OverTls(named(10_000));
  try {
    const bundle = join(directory, 'serve');
    await mkdir(bundle);
    bundleFunction('serve', bundle);
    const serve = join(bundle, 'index.mjs');
    const empty = join(directory, 'empty.mjs');
    await writeFile(empty, emptyHandler);
    // Node loads a compiler for TypeScript, which costs more than an empty handler.
    const firstRequest = join(directory, 'first-request.mjs');
    const source = await readFile(new URL('first-request.ts', import.meta.url), 'utf8');
    await writeFile(firstRequest, stripTypeScriptTypes(source));
    const path = '/channel/channel-0.tar.xz';
    const event = gatewayEvent({ routeKey: 'GET /channel/{channel}', method: 'GET', rawPath: path });
    const permanent = '/permanent/channel-0-1.tar.xz';
    const download = gatewayEvent({ routeKey: 'GET /permanent/{release}', method: 'GET', rawPath: permanent });
    const byCloudFront = {
      DELIVERY_URL: 'https://d123.cloudfront.net',
      DELIVERY_SECRET: 'arn:aws:secretsmanager:us-east-1:111122223333:secret:delivery-AbC123',
      AWS_ENDPOINT_URL_SECRETS_MANAGER: one.endpoint,
    };
    const jwt = JSON.stringify({ keys: { pems: [newKey('RS256').pem], defaultScope: 'all' }, leewaySeconds: 0 });
    const start = async (
      module: string,
      { store = one, access = 'open', first = event, delivery = {} } = {},
    ): Promise<Start> => {
      const [program, ...args] = [...onOneProcessor, process.execPath, firstRequest, module, JSON.stringify(first)];
      const { stderr } = await run(program as string, args, {
        env: {
          BUCKET: 'bucket',
          BASE_URL: 'https://channels.test',
          STACK_NAME: 'bench',
          ACCESS: access,
          CHANNEL_MAX_AGE_SECONDS: '30',
          S3_ENDPOINT: store.endpoint,
          AWS_REGION: 'us-east-1',
          AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE',
          AWS_SECRET_ACCESS_KEY: 'secret',
          NODE_EXTRA_CA_CERTS: localhostCertificate,
          ...delivery,
        },
      });
      return JSON.parse(stderr);
    };
    const starts: Record<'empty' | 'one' | 'tokens' | 'presigned' | 'delivered' | 'few' | 'many', Start[]> = {
      empty: [],
      one: [],
      tokens: [],
      presigned: [],
      delivered: [],
      few: [],
      many: [],
    };
    for (let round = 0; round < rounds * startsEachRound; round += 1) {
      starts.empty.push(await start(empty));
      starts.one.push(await start(serve));
      starts.tokens.push(await start(serve, { access: jwt }));
      starts.presigned.push(await start(serve, { first: download }));
      starts.delivered.push(await start(serve, { first: download, delivery: byCloudFront }));
      starts.few.push(await start(serve, { store: few }));
      starts.many.push(await start(serve, { store: many }));
    }
    const of = (which: keyof typeof starts, what: keyof Start): number[] => starts[which].map((start) => start[what]);
    const ratio = (what: keyof Start, measured: keyof typeof starts, base: keyof typeof starts): number =>
      median(of(measured, what).map((value, round) => value / (of(base, what)[round] as number)));
    return {
      values: {
        'serve: cold CPU against an empty handler': ratio('cpu', 'one', 'empty'),
        'serve: cold CPU with tokens against an empty handler': ratio('cpu', 'tokens', 'empty'),
        'serve: cold CPU of a download by CloudFront against presigned': ratio('cpu', 'delivered', 'presigned'),
        'serve: peak memory against an empty handler': ratio('peak', 'one', 'empty'),
        'serve: start with 10,000 channels against 10': ratio('wall', 'many', 'few'),
      },
      details: [
        detail('start of an empty handler', of('empty', 'cpu'), 'ms of CPU'),
        detail('start of serve, first request', of('one', 'cpu'), 'ms of CPU'),
        detail('start of serve with tokens, first request', of('tokens', 'cpu'), 'ms of CPU'),
        detail('start of serve, first download presigned', of('presigned', 'cpu'), 'ms of CPU'),
        detail('start of serve, first download by CloudFront', of('delivered', 'cpu'), 'ms of CPU'),
      ],
    };
  } finally {
    one.close();
    few.close();
    many.close();
    await rm(directory, { recursive: true, force: true });
  }
};

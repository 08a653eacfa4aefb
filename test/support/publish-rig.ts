import type { Context } from 'aws-lambda';
import { createMeter } from '../../lambda/http/log.ts';
import { createPublish, createPublishFunction } from '../../lambda/publish/create-publish.ts';
import type { PublishHandler, PublishOptions } from '../../lambda/publish/observe-publish.ts';
import { problemStatuses } from '../../lib/api/problem.ts';
import { measureTask } from '../../lib/api/routes.ts';
import type { Presign } from '../../lib/store/read/presign.ts';
import type { ReadGuards } from '../../lib/store/write/guards.ts';
import { emfData } from '../picture/emf-data.ts';
import { FakeClock } from './fake-clock.ts';
import { gatewayEvent } from './gateway-event.ts';
import { type LogLine, logLines } from './log-lines.ts';
import { MemoryBucket, sha256 } from './memory-bucket.ts';

export interface PublishAnswer {
  readonly status: number;
  readonly contentType: unknown;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers by name
  readonly body: any;
}

export interface CallParts {
  readonly channel?: string;
  readonly id?: string;
  /** Of a promotion. */
  readonly pair?: { readonly from: string; readonly to: string };
  readonly query?: Readonly<Record<string, string>>;
  /** A text is sent as it is, anything else as JSON. */
  readonly body?: unknown;
  readonly base64?: boolean;
}

export interface Run {
  readonly channel?: string;
  readonly release: string;
  readonly bytes?: string;
  readonly operation?: string;
  readonly more?: Readonly<Record<string, unknown>>;
}

export interface PublishRig {
  readonly bucket: MemoryBucket;
  readonly clock: FakeClock;
  readonly lines: LogLine[];
  /** The line of each request. */
  readonly requests: LogLine[];
  /** What was counted: the name of the metric, and its value. */
  readonly counted: [name: string, value: number][];
  /** What the schedule calls. */
  readonly measure: () => Promise<unknown>;
  readonly handler: PublishHandler;
  readonly call: (routeKey: string, parts?: CallParts) => Promise<PublishAnswer>;
  readonly add: (channel: string, more?: Readonly<Record<string, unknown>>) => Promise<PublishAnswer>;
  readonly declare: (run: Run) => Promise<PublishAnswer>;
  readonly commit: (run: Run) => Promise<PublishAnswer>;
  /** What one run of the command does: declare, send, commit. Gives the answer that ended it. */
  readonly publish: (run: Run) => Promise<PublishAnswer>;
  readonly promote: (from: string, to: string, more?: Readonly<Record<string, unknown>>) => Promise<PublishAnswer>;
}

export const publishBase = 'https://channels.test';
export const publisher = 'arn:aws:sts::111122223333:assumed-role/ci/run-7';

const unsigned: Presign = async ({ key, query }) =>
  `https://bucket.test/${encodeURIComponent(key)}?${new URLSearchParams(query)}`;

let operations = 0;
export const newOperation = (): string => {
  operations += 1;
  return `operation-${operations}`;
};

/** A sound declaration of these bytes. */
export const declarationOf = ({ release, bytes = release, operation = newOperation(), more = {} }: Run): object => ({
  operation,
  release,
  size: Buffer.byteLength(bytes),
  sha256: sha256(bytes),
  partSha256s: [sha256(bytes, 'base64')],
  ...more,
});

/** The publish function over a bucket in memory. */
export function publishRig(
  bucket = new MemoryBucket(),
  clock = new FakeClock(),
  guards?: ReadGuards,
  baseUrl = publishBase,
  more: Partial<PublishOptions> = {},
): PublishRig {
  const { lines, requests, log } = logLines();
  bucket.now = clock.now;
  const { now, sleep } = clock;
  const counted: [name: string, value: number][] = [];
  const meter = createMeter({
    common: { service: 'Test', function: 'publish' },
    now,
    write: (text) => {
      const { _aws, ...line } = JSON.parse(text);
      counted.push(...emfData({ _aws, ...line }).map(({ name, value }): [string, number] => [name, value]));
      if (line.message === 'request') requests.push(line);
    },
  });
  const bucketAddress = { bucket: 'the-bucket', region: 'eu-central-1', credentials: 'are not for answers' };
  const common = { bucket: bucket.writer, bucketAddress, guards, presign: unsigned, baseUrl, now, sleep, log, meter };
  const options = { ...common, ...more };
  const handler = createPublish(options);
  const publishFunction = createPublishFunction(options);

  const call: PublishRig['call'] = async (routeKey, { channel, id, pair, query, body, base64 = false } = {}) => {
    const [method = '', path = ''] = routeKey.split(' ');
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    const event = gatewayEvent({
      routeKey,
      method,
      rawPath: path.replace('{channel}', channel ?? '').replace('{id}', id ?? ''),
      userArn: publisher,
      isBase64Encoded: base64,
      pathParameters: { ...(channel === undefined ? {} : { channel }), ...(id === undefined ? {} : { id }), ...pair },
      ...(query === undefined ? {} : { query }),
      ...(text === undefined ? {} : { body: base64 ? Buffer.from(text).toString('base64') : text }),
    });
    const { statusCode = 0, headers = {}, body: answer = '' } = await handler(event, {} as Context);
    const parsed = JSON.parse(answer);
    const statuses: Readonly<Record<string, number>> = problemStatuses;
    if (statusCode >= 400 && statuses[parsed.code] !== statusCode)
      throw new Error(`The API has no problem "${parsed.code}" with the status ${statusCode}.`);
    return { status: statusCode, contentType: headers['content-type'], body: parsed };
  };

  const declare: PublishRig['declare'] = (run) =>
    call('POST /publish/channels/{channel}/uploads', { channel: run.channel ?? 'demo', body: declarationOf(run) });

  const commit: PublishRig['commit'] = ({ channel = 'demo', operation, more = {} }) =>
    call('POST /publish/channels/{channel}/releases', {
      channel,
      body: { operation, upload: operation, ...('force' in more ? { force: more.force } : {}) },
    });

  return {
    bucket,
    clock,
    lines,
    requests,
    counted,
    measure: () => publishFunction(measureTask, {} as Context),
    handler,
    call,
    declare,
    commit,
    add: (channel, more) => call('POST /publish/catalog', { body: { operation: newOperation(), channel, ...more } }),
    publish: async (run) => {
      const known = { ...run, operation: run.operation ?? newOperation() };
      const declared = await declare(known);
      if (declared.body.status !== 'open') return declared;
      for (const { partNumber, url } of declared.body.parts)
        bucket.putPart(new URL(url).searchParams.get('uploadId') as string, partNumber, run.bytes ?? run.release);
      return commit(known);
    },
    promote: (from, to, more) =>
      call('POST /publish/promotions/{from}/{to}', {
        pair: { from, to },
        body: { operation: newOperation(), ...more },
      }),
  };
}

import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import { outcomeOfStatus } from '../../lib/domain/metrics.ts';
import { isReadableChannel, isText } from '../../lib/domain/names.ts';
import type { Author } from '../../lib/domain/record-changes.ts';
import type { PartChecksum } from '../../lib/domain/store.ts';
import type { BucketAddress } from '../../lib/store/read/bucket-location.ts';
import type { Presign } from '../../lib/store/read/presign.ts';
import type { BucketWriter } from '../../lib/store/write/bucket-writer.ts';
import type { ReadGuards } from '../../lib/store/write/guards.ts';
import type { Log, Meter } from '../http/log.ts';

/** Everything that publishing touches, beside its input. */
export interface PublishOptions {
  readonly bucket: BucketWriter;
  readonly presign: Presign;
  /** Default: SHA-256. */
  readonly partChecksum?: PartChecksum;
  /** Absent for the S3 stand-in on localhost, whose bucket has no policy. */
  readonly guards?: ReadGuards | undefined;
  readonly baseUrl: string;
  /** For how long the retirement of a release can be undone; 30 days by default. */
  readonly retiredDays?: number | undefined;
  /** Channels whose bytes are counted by name; all others together. */
  readonly trackedChannels?: readonly string[] | undefined;
  /** Where a takedown finds the object. Absent where nobody may reach the bucket but this function. */
  readonly bucketAddress?: BucketAddress | undefined;
  /** The CloudFront distribution that delivers releases; undefined without one. */
  readonly distributionId?: string | undefined;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly sleep: (durationMs: number) => Promise<void>;
  readonly log: Log;
  readonly meter: Meter;
}

/** The author of a change that is made now. */
export const authorOf = ({ now }: Pick<PublishOptions, 'now'>, operation: string, by: string): Author => ({
  operation,
  at: new Date(now()).toISOString(),
  by,
});

export type PublishHandler = (
  event: APIGatewayProxyEventV2,
  context: Context,
) => Promise<APIGatewayProxyStructuredResultV2>;

type Call = (...args: readonly unknown[]) => Promise<unknown>;

/** The same bucket; `onFailure` is called for each call that fails. */
export function watchBucket(bucket: BucketWriter, onFailure: () => void): BucketWriter {
  const calls = bucket as unknown as Record<string, Call>;
  const watched = (name: string): Call => {
    return (...args) =>
      (calls[name] as Call)(...args).catch((error) => {
        onFailure();
        throw error;
      });
  };
  return Object.fromEntries(Object.keys(calls).map((name) => [name, watched(name)])) as unknown as BucketWriter;
}

function outcomeOf(status: number): string {
  if (status < 400) return 'done';
  return status === 409 ? 'conflict' : outcomeOfStatus(status);
}

/** Names are logged only where a channel may have them: an unknown or malformed name is text that the caller made up. */
function channelOf({ pathParameters }: APIGatewayProxyEventV2, status: number): string | undefined {
  // For a promotion, the channel that it changes.
  const channel = pathParameters?.channel ?? pathParameters?.to;
  return channel !== undefined && status !== 404 && status !== 400 && isReadableChannel(channel) ? channel : undefined;
}

/** The release that an answer is about, or else the one that the channel points to afterwards. */
function releaseOf({ body }: APIGatewayProxyStructuredResultV2, status: number): string | undefined {
  if (status !== 200 || body === undefined) return undefined;
  const { latest, release = latest } = JSON.parse(body) as { readonly latest?: unknown; readonly release?: unknown };
  return isText(release) ? release : undefined;
}

/** Writes one line for each operation, which is both the log entry and the metrics. */
export function observePublish(
  handler: PublishHandler,
  { meter, now }: Pick<PublishOptions, 'meter' | 'now'>,
  takeFailures: () => number,
): PublishHandler {
  let isCold = true;
  return async (event, context) => {
    const begun = now();
    const result = await handler(event, context);
    const { statusCode: status = 0 } = result;
    const failures = takeFailures();
    meter(
      {
        OperationLatency: now() - begun,
        ...(status === 409 ? { Conflicts: 1 } : {}),
        ...(status >= 500 ? { FailedPublishes: 1 } : {}),
        ...(failures > 0 ? { S3Errors: failures } : {}),
      },
      {
        level: 'info',
        message: 'request',
        requestId: event.requestContext.requestId,
        route: event.routeKey,
        channel: channelOf(event, status),
        release: releaseOf(result, status),
        outcome: outcomeOf(status),
        status,
        ...(isCold ? { coldStart: true } : {}),
      },
    );
    isCold = false;
    return result;
  };
}

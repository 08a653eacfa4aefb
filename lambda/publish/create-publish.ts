import { AsyncLocalStorage } from 'node:async_hooks';
import middy from '@middy/core';
import type {
  APIGatewayProxyEventV2,
  APIGatewayProxyEventV2WithIAMAuthorizer,
  APIGatewayProxyStructuredResultV2,
  Context,
} from 'aws-lambda';
import {
  parseAddition,
  parseDoctorRequest,
  parsePin,
  parseRemoval,
  parseRetirement,
  parseRevocation,
  parseSettings,
  parseTakedown,
} from '../../lib/api/admin-requests.ts';
import type { ProblemCode, ProblemDetails } from '../../lib/api/problem.ts';
import {
  parseDeclaration,
  parsePromotion,
  parsePublication,
  parseRollback,
  parseYank,
} from '../../lib/api/requests.ts';
import type { measureTask } from '../../lib/api/routes.ts';
import { InvalidInput, NotFound, type Problem } from '../../lib/domain/problem.ts';
import { answerProblems } from '../http/answer-problems.ts';
import type { Log } from '../http/log.ts';
import { addChannel, removeChannel, restoreChannel } from './catalog.ts';
import { changeSettings } from './change-settings.ts';
import { examineBucket, mendBucket } from './doctor/doctor-bucket.ts';
import { loadChannel } from './documents.ts';
import { promoteRelease, rollBack, yankRelease } from './move-latest.ts';
import { observePublish, type PublishHandler, type PublishOptions, watchBucket } from './observe-publish.ts';
import { changePin } from './pin.ts';
import { loadUpload, openUpload, publishRelease } from './publish-release.ts';
import { changeRetirement } from './retire.ts';
import { listRevocations, revoke } from './revocations.ts';
import { createSchedule } from './run-schedule.ts';
import { listChannels, maxPageLength, showChannel } from './show.ts';
import { takeDown } from './takedown.ts';
import { signParts } from './upload-parts.ts';

type Event = APIGatewayProxyEventV2WithIAMAuthorizer;
type Response = APIGatewayProxyStructuredResultV2;

const bodyOf = ({ body, isBase64Encoded }: Event): string | undefined =>
  isBase64Encoded && body !== undefined ? Buffer.from(body, 'base64').toString() : body;

/** RFC 9457, with `code` and `field` as extension members. */
function respondProblem({ status, code, message, field }: Problem): Response {
  const body: ProblemDetails = {
    type: 'about:blank',
    title: code,
    status,
    detail: message,
    code: code as ProblemCode,
    ...(field === undefined ? {} : { field }),
  };
  return { statusCode: status, headers: { 'content-type': 'application/problem+json' }, body: JSON.stringify(body) };
}

const respond = (value: unknown): Response => ({
  statusCode: 200,
  headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
  body: JSON.stringify(value),
});

function partNumberOf(text: string | undefined): number {
  if (text === undefined) return 0;
  if (!/^\d{1,5}$/.test(text)) throw new InvalidInput('after', 'after must be the number of a part.');
  return Number(text);
}

function pageOf({ queryStringParameters: query }: Event): {
  readonly after?: string | undefined;
  readonly limit?: number;
} {
  const { after, limit } = query ?? {};
  if (limit === undefined) return { after };
  if (!/^\d{1,3}$/.test(limit) || Number(limit) < 1 || Number(limit) > maxPageLength)
    throw new InvalidInput('limit', `limit must be a whole number from 1 to ${maxPageLength}.`);
  return { after, limit: Number(limit) };
}

type Operation = (
  event: Event,
  parameters: Readonly<Record<'channel' | 'id' | 'from' | 'to', string>>,
  by: string,
) => Promise<unknown>;

/** The operations of this function, by route key. */
export function publishOperations(options: PublishOptions): Readonly<Record<string, Operation>> {
  return {
    'GET /publish/catalog': (event) => listChannels(options, event.queryStringParameters?.after),
    'POST /publish/catalog': (event, _, by) => addChannel(options, parseAddition(bodyOf(event)), by),
    'GET /publish/channels/{channel}': (event, { channel }) => showChannel(options, channel, pageOf(event)),
    'POST /publish/channels/{channel}/uploads': (event, { channel }) =>
      openUpload(options, channel, parseDeclaration(bodyOf(event))),
    'GET /publish/channels/{channel}/uploads/{id}': async (event, { channel, id }) => {
      const after = partNumberOf(event.queryStringParameters?.after);
      await loadChannel(options.bucket, channel);
      return signParts(options, await loadUpload(options, channel, id), after);
    },
    'POST /publish/channels/{channel}/releases': (event, { channel }, by) =>
      publishRelease(options, channel, parsePublication(bodyOf(event)), by),
    'POST /publish/channels/{channel}/rollback': (event, { channel }, by) =>
      rollBack(options, channel, parseRollback(bodyOf(event)), by),
    'POST /publish/channels/{channel}/yank': (event, { channel }, by) =>
      yankRelease(options, channel, parseYank(bodyOf(event)), by),
    'POST /publish/promotions/{from}/{to}': (event, pair, by) =>
      promoteRelease(options, pair, parsePromotion(bodyOf(event)), by),
    'POST /publish/retirements/{channel}': (event, { channel }, by) =>
      changeRetirement(options, channel, parseRetirement(bodyOf(event)), by),
    'POST /publish/pins/{channel}': (event, { channel }, by) =>
      changePin(options, channel, parsePin(bodyOf(event)), by),
    'POST /publish/takedowns/{channel}': (event, { channel }, by) =>
      takeDown(options, channel, parseTakedown(bodyOf(event)), by),
    'PATCH /publish/catalog/{channel}': (event, { channel }, by) =>
      changeSettings(options, channel, parseSettings(bodyOf(event)), by),
    'DELETE /publish/catalog/{channel}': (event, { channel }, by) =>
      removeChannel(options, channel, parseRemoval(bodyOf(event)), by),
    'POST /publish/catalog/{channel}/restore': (event, { channel }, by) =>
      restoreChannel(options, channel, parseRemoval(bodyOf(event)), by),
    'GET /publish/revocations': (event) => listRevocations(options, event.queryStringParameters?.after),
    'POST /publish/revocations': (event, _, by) => revoke(options, parseRevocation(bodyOf(event)), by),
    'GET /publish/doctor': (event) => examineBucket(options, event.queryStringParameters?.after),
    'POST /publish/doctor': (event, _, by) => mendBucket(options, parseDoctorRequest(bodyOf(event)), by),
  };
}

export function createPublish(options: PublishOptions): PublishHandler {
  let failures = 0;
  const bucket = watchBucket(options.bucket, () => {
    failures += 1;
  });
  // All lines that a request logs have its ID, like the line of the request itself and the gateway's.
  const requestId = new AsyncLocalStorage<string>();
  const log: Log = (level, message, fields) =>
    options.log(level, message, { ...fields, requestId: requestId.getStore() });
  const operations = publishOperations({ ...options, bucket, log });
  const handler = middy<Event, Response>({ timeoutEarlyInMillis: 0 })
    .use(answerProblems(respondProblem, options.log))
    .handler(async (event) => {
      const operation = Object.hasOwn(operations, event.routeKey) ? operations[event.routeKey] : undefined;
      if (operation === undefined) throw new NotFound('There is no such publish operation.');
      const { channel = '', id = '', from = '', to = '' } = event.pathParameters ?? {};
      return respond(await operation(event, { channel, id, from, to }, event.requestContext.authorizer.iam.userArn));
    });
  const observed = observePublish(handler as unknown as PublishHandler, options, () => {
    const taken = failures;
    failures = 0;
    return taken;
  });
  return (event, context) => requestId.run(event.requestContext.requestId, () => observed(event, context));
}

export type PublishFunction = (
  event: APIGatewayProxyEventV2 | typeof measureTask,
  context: Context,
) => Promise<APIGatewayProxyStructuredResultV2>;

/** The handler for both callers of the publish function: the API, and the schedule. */
export function createPublishFunction(options: PublishOptions): PublishFunction {
  const publish = createPublish(options);
  const runSchedule = createSchedule(options);
  return async (event, context) => {
    if (!('task' in event)) return publish(event, context);
    let failures = 0;
    const bucket = watchBucket(options.bucket, () => {
      failures += 1;
    });
    await runSchedule({ ...options, bucket }).finally(() => {
      if (failures > 0) options.meter({ S3Errors: failures });
    });
    return {};
  };
}

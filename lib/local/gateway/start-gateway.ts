import { randomUUID } from 'node:crypto';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import type { Route } from '../../api/routes.ts';
import { dropBody } from '../direct-request.ts';
import { headerValues } from '../sigv4/canonical-request.ts';
import {
  authorize,
  keysOfOne,
  type Publisher,
  type PublisherKeys,
  type Refusal,
  type RequestHead,
  refuseHead,
} from './authorize.ts';
import { apiGatewayLimits, buildEvent, type GatewayLimits, type GatewayRequest, matchRoute } from './build-event.ts';

type Result = APIGatewayProxyStructuredResultV2;
export type LambdaHandler = (event: APIGatewayProxyEventV2, context: Context) => Promise<Result>;
export type Handlers = Readonly<Record<Route['target'], LambdaHandler>>;

interface GatewayOptions {
  readonly port: number;
  readonly publisher: Publisher;
  /** For public keys: only requests sent directly by a program on this machine are accepted. */
  readonly onlyDirect?: boolean;
  /** @param origin the gateway's own, for the URLs that the functions return */
  readonly handlers: (origin: string) => Handlers;
  readonly now: () => number;
  /** Called with each answer when it is sent. */
  readonly onAnswer?: (answered: Answered) => void;
}

/** A request and its answer, for a log. */
export interface Answered {
  readonly requestId: string;
  readonly method: string;
  /** Without the query, which may hold a secret. */
  readonly path: string;
  readonly status: number;
}

export interface Gateway {
  readonly origin: string;
  /** Starts to serve readers. Before, they get 503 with Retry-After. */
  readonly open: () => void;
  readonly close: () => Promise<void>;
}

interface ListenerOptions {
  readonly handlers: Handlers;
  readonly keys: PublisherKeys;
  /** For public keys: only requests sent directly by a program on this machine are accepted. */
  readonly onlyDirect: boolean;
  readonly limits: GatewayLimits;
  readonly now: () => number;
  /** Called with each answer when it is sent. */
  readonly onAnswer?: ((answered: Answered) => void) | undefined;
  /** Whether readers are served. Before, they get 503 with Retry-After. */
  readonly isOpen: () => boolean;
}

const message = (statusCode: number, text: string): Result => ({
  statusCode,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ message: text }),
});

const unavailable = message(503, 'Service Unavailable');

/** A problem (RFC 9457) where API Gateway's own message would not help. */
function refused({ status, sentence }: Refusal): Result {
  if (sentence === undefined) return message(status, 'Forbidden');
  const code = status === 415 ? 'unsupported-media-type' : 'forbidden';
  return {
    statusCode: status,
    headers: { 'content-type': 'application/problem+json' },
    body: JSON.stringify({ type: 'about:blank', title: code, status, detail: sentence, code }),
  };
}

const starting: Result = {
  statusCode: 503,
  headers: { 'content-type': 'text/plain; charset=utf-8', 'retry-after': '1' },
  body: 'The local service is starting: try again.\n',
};

/** The body, or undefined if it is too long; then the rest is not read. */
async function readBody(incoming: http.IncomingMessage, maxBytes: number): Promise<Buffer | undefined> {
  if (Number(incoming.headers['content-length'] ?? 0) > maxBytes) return undefined;
  const chunks: Buffer[] = [];
  let length = 0;
  // By default the iterator would close the connection before the answer is sent.
  for await (const chunk of incoming.iterator({ destroyOnReturn: false })) {
    length += (chunk as Buffer).length;
    if (length > maxBytes) return undefined;
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

function headLength({ method = '', url = '', rawHeaders }: http.IncomingMessage): number {
  let length = Buffer.byteLength(`${method} ${url} HTTP/1.1`);
  for (let value = 1; value < rawHeaders.length; value += 2) length += Buffer.byteLength(rawHeaders[value] as string);
  return length;
}

function invoke(handler: LambdaHandler, event: APIGatewayProxyEventV2, timeoutMs: number): Promise<Result> {
  const context = { awsRequestId: event.requestContext.requestId } as Context;
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, timeoutMs, unavailable);
    handler(event, context)
      .catch(() => message(500, 'Internal Server Error'))
      .then((result) => {
        clearTimeout(timer);
        resolve(result);
      });
  });
}

async function answer(incoming: http.IncomingMessage, requestId: string, options: ListenerOptions): Promise<Result> {
  const { handlers, keys, onlyDirect, limits, isOpen } = options;
  const { maxHeadBytes, maxBodyBytes, integrationTimeoutMs } = limits;
  if (headLength(incoming) > maxHeadBytes) return message(431, 'Request Header Fields Too Large');
  const [rawPath = '', ...query] = (incoming.url ?? '').split('?');
  const head: RequestHead = {
    method: incoming.method ?? '',
    rawPath,
    rawQuery: query.join('?'),
    headers: headerValues(incoming.rawHeaders),
    httpVersion: incoming.httpVersion,
  };
  const receivedAt = options.now();
  const request = (body: Buffer): GatewayRequest => ({
    ...head,
    body,
    sourceIp: incoming.socket.remoteAddress ?? '',
    requestId,
    receivedAt,
  });
  try {
    const matched = matchRoute(head.method, rawPath);
    if (matched === undefined) return message(404, 'Not Found');
    const { target, authorization } = matched.route;
    if (authorization === 'none')
      return isOpen()
        ? await invoke(handlers[target], buildEvent(request(Buffer.alloc(0)), matched, undefined), integrationTimeoutMs)
        : starting;
    const rules = { keys, onlyDirect, receivedAt };
    const refusal = refuseHead(head, rules);
    if (refusal !== undefined) return refused(refusal);
    const body = await readBody(incoming, maxBodyBytes);
    if (body === undefined) return message(413, 'Request Entity Too Large');
    const caller = authorize(head, body, rules);
    if (caller === undefined) return message(403, 'Forbidden');
    const sentence = keys.refuse?.(caller.accessKey, matched);
    if (sentence !== undefined) return refused({ status: 403, sentence });
    return await invoke(handlers[target], buildEvent(request(body), matched, caller), integrationTimeoutMs);
  } catch (error) {
    if ((error as Error | null)?.name === 'URIError') return message(400, 'Bad Request');
    throw error;
  }
}

function send(
  outgoing: http.ServerResponse,
  incoming: http.IncomingMessage,
  { statusCode = 200, headers, body }: Result,
): void {
  const isHead = incoming.method === 'HEAD';
  // Without a length Node would send even an empty body in chunks.
  const length = isHead || statusCode === 304 ? {} : { 'content-length': Buffer.byteLength(body ?? '') };
  outgoing.writeHead(statusCode, { ...(headers as Record<string, string>), ...length });
  outgoing.end(isHead ? undefined : body);
  dropBody(incoming);
}

/** Answers requests by the functions: routes, authorization and events are those of API Gateway. */
export function gatewayListener(options: ListenerOptions): http.RequestListener {
  return (incoming, outgoing) => {
    const requestId = randomUUID();
    answer(incoming, requestId, options)
      .catch(() => message(500, 'Internal Server Error'))
      .then((result) => {
        send(outgoing, incoming, result);
        const [path = ''] = (incoming.url ?? '').split('?');
        options.onAnswer?.({ requestId, method: incoming.method ?? '', path, status: result.statusCode ?? 200 });
      });
  };
}

/**
 * A stand-in for API Gateway: the routes of the table, IAM authorization, and events in payload format 2.0, with the limits and
 * messages of the real gateway.
 */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  let isOpen = false;
  const server = http.createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, '127.0.0.1', resolve);
  });
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  server.on(
    'request',
    gatewayListener({
      handlers: options.handlers(origin),
      keys: keysOfOne(options.publisher),
      onlyDirect: options.onlyDirect ?? false,
      limits: apiGatewayLimits,
      now: options.now,
      onAnswer: options.onAnswer,
      isOpen: () => isOpen,
    }),
  );
  return {
    origin,
    open: () => {
      isOpen = true;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A function with a reserved concurrency of 1: while it runs, Lambda throttles other requests, and an HTTP API answers 503. */
export function oneAtATime(handler: LambdaHandler): LambdaHandler {
  let busy = false;
  return async (event, context) => {
    if (busy) return unavailable;
    busy = true;
    try {
      return await handler(event, context);
    } finally {
      busy = false;
    }
  };
}

import { randomUUID } from 'node:crypto';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import type { Route } from '../../domain/routes.ts';
import { headerValues } from '../sigv4/header-values.ts';
import { authorize, type Publisher } from './authorize.ts';
import { buildEvent } from './build-event.ts';
import type { GatewayRequest } from './gateway-request.ts';
import { matchRoute } from './match-route.ts';

type Result = APIGatewayProxyStructuredResultV2;
export type LambdaHandler = (event: APIGatewayProxyEventV2, context: Context) => Promise<Result>;
export type Handlers = Readonly<Record<Route['target'], LambdaHandler>>;

export interface GatewayOptions {
  readonly port: number;
  readonly publisher: Publisher;
  /** Told the gateway's own origin, because the functions hand out URLs under it. */
  readonly handlers: (origin: string) => Handlers;
  readonly now: () => number;
}

export interface Gateway {
  readonly origin: string;
  readonly close: () => Promise<void>;
}

/** Of HTTP APIs: request line and header values together, the body, and milliseconds for an integration. */
const mostHead = 10_240;
const mostBody = 10 * 1024 * 1024;
const patience = 30_000;

const message = (statusCode: number, text: string): Result => ({
  statusCode,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ message: text }),
});

async function readBody(incoming: http.IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of incoming) {
    length += (chunk as Buffer).length;
    if (length <= mostBody) chunks.push(chunk as Buffer);
  }
  return length > mostBody ? undefined : Buffer.concat(chunks);
}

function headLength({ method = '', url = '', rawHeaders }: http.IncomingMessage): number {
  const values = rawHeaders.filter((_, index) => index % 2 === 1).join('');
  return Buffer.byteLength(`${method} ${url} HTTP/1.1${values}`);
}

async function invoke(handler: LambdaHandler, event: APIGatewayProxyEventV2): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Result>((resolve) => {
    timer = setTimeout(resolve, patience, message(503, 'Service Unavailable'));
  });
  const context = { awsRequestId: event.requestContext.requestId } as Context;
  const answer = handler(event, context).catch(() => message(500, 'Internal Server Error'));
  return Promise.race([answer, late]).finally(() => clearTimeout(timer));
}

async function answer(incoming: http.IncomingMessage, handlers: Handlers, options: GatewayOptions): Promise<Result> {
  const body = await readBody(incoming);
  if (body === undefined) return message(413, 'Request Entity Too Large');
  if (headLength(incoming) > mostHead) return message(431, 'Request Header Fields Too Large');
  const [rawPath = '', ...query] = (incoming.url ?? '').split('?');
  const request: GatewayRequest = {
    method: incoming.method ?? '',
    rawPath,
    rawQuery: query.join('?'),
    headers: headerValues(incoming.rawHeaders),
    body,
    sourceIp: incoming.socket.remoteAddress ?? '',
    requestId: randomUUID(),
    receivedAt: options.now(),
  };
  try {
    const matched = matchRoute(request.method, rawPath);
    if (matched === undefined) return message(404, 'Not Found');
    const { target, authorization } = matched.route;
    const caller = authorization === 'iam' ? authorize(request, options.publisher) : undefined;
    if (authorization === 'iam' && caller === undefined) return message(403, 'Forbidden');
    return await invoke(handlers[target], buildEvent(request, matched, caller));
  } catch (error) {
    if ((error as Error | null)?.name === 'URIError') return message(400, 'Bad Request');
    throw error;
  }
}

function send(
  outgoing: http.ServerResponse,
  method: string | undefined,
  { statusCode = 200, headers, body }: Result,
): void {
  outgoing.writeHead(statusCode, { ...(headers as Record<string, string>) });
  outgoing.end(method === 'HEAD' ? undefined : body);
}

/**
 * API Gateway's stand-in: the routes of the table, IAM authorization, payload 2.0 events. What a client could see of the real
 * gateway's limits and messages is the same.
 */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  let handlers: Handlers | undefined;
  const server = http.createServer((incoming, outgoing) => {
    answer(incoming, handlers as Handlers, options)
      .catch(() => message(500, 'Internal Server Error'))
      .then((result) => send(outgoing, incoming.method, result));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, '127.0.0.1', resolve);
  });
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  handlers = options.handlers(origin);
  return {
    origin,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

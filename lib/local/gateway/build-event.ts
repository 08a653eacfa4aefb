import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { routeKey, routes } from '../../api/routes.ts';
import type { HeaderValues } from '../sigv4/canonical-request.ts';
import type { Caller, MatchedRoute } from './authorize.ts';

export interface GatewayLimits {
  /** Of the request line and the header values together. */
  readonly maxHeadBytes: number;
  readonly maxBodyBytes: number;
  readonly integrationTimeoutMs: number;
}

/** The quotas of HTTP APIs. */
export const apiGatewayLimits: GatewayLimits = {
  maxHeadBytes: 10_240,
  maxBodyBytes: 10 * 1024 * 1024,
  integrationTimeoutMs: 30_000,
};

/** A request as it was received. */
export interface GatewayRequest {
  readonly method: string;
  /** As in the request line. */
  readonly rawPath: string;
  readonly rawQuery: string;
  readonly headers: HeaderValues;
  readonly body: Buffer;
  readonly sourceIp: string;
  readonly requestId: string;
  /** Milliseconds since the Unix epoch. */
  readonly receivedAt: number;
}

interface PathPart {
  readonly text: string;
  /** Of the parameter that stands here. */
  readonly name: string | undefined;
}

/** Split once, because every request goes through them. */
const patterns = routes.map((route) => ({
  route,
  parts: route.path.split('/').map((text): PathPart => ({ text, name: /^\{(.+)\}$/.exec(text)?.[1] })),
}));

function parametersOf(parts: readonly PathPart[], segments: readonly string[]): Record<string, string> | undefined {
  if (parts.length !== segments.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [index, { text, name }] of parts.entries()) {
    const segment = segments[index] as string;
    if (name === undefined ? text !== segment : segment === '') return undefined;
    if (name !== undefined) parameters[name] = decodeURIComponent(segment);
  }
  return parameters;
}

/**
 * @param rawPath as in the request line
 * @throws URIError if its percent-encoding is invalid
 */
export function matchRoute(method: string, rawPath: string): MatchedRoute | undefined {
  const segments = rawPath.split('/');
  for (const { route, parts } of patterns) {
    const pathParameters = route.method === method ? parametersOf(parts, segments) : undefined;
    if (pathParameters !== undefined) return { route, pathParameters };
  }
  return undefined;
}

const isText = (contentType: string): boolean => /^text\/|[/+](json|xml|javascript)\b|^$/.test(contentType);

function queryParameters(rawQuery: string): Record<string, string> {
  const parameters: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(rawQuery))
    parameters[name] = Object.hasOwn(parameters, name) ? `${parameters[name]},${value}` : value;
  return parameters;
}

/**
 * The event of payload format 2.0 (AWS, "Create AWS Lambda proxy integrations for HTTP APIs"): the path decoded, header names in
 * lower case with their values joined by commas, cookies in a list of their own, bodies other than text in base64.
 */
export function buildEvent(
  request: GatewayRequest,
  { route, pathParameters }: MatchedRoute,
  caller: Caller | undefined,
): APIGatewayProxyEventV2 {
  const { method, rawPath, rawQuery, body, sourceIp, requestId, receivedAt } = request;
  const headers: Record<string, string> = {};
  for (const [name, values] of request.headers) if (name !== 'cookie') headers[name] = values.join(',');
  const cookie = request.headers.get('cookie')?.join(',');
  const path = decodeURIComponent(rawPath);
  const isPlain = isText(headers['content-type'] ?? '');
  const domainName = headers.host ?? '';
  const requestContext = {
    accountId: '000000000000',
    apiId: 'local',
    domainName,
    domainPrefix: domainName.split('.')[0] ?? '',
    http: { method, path, protocol: 'HTTP/1.1', sourceIp, userAgent: headers['user-agent'] ?? '' },
    requestId,
    routeKey: routeKey(route),
    stage: '$default',
    time: new Date(receivedAt).toISOString(),
    timeEpoch: receivedAt,
    ...(caller === undefined ? {} : { authorizer: { iam: caller } }),
  };
  return {
    version: '2.0',
    routeKey: routeKey(route),
    rawPath: path,
    rawQueryString: rawQuery,
    headers,
    pathParameters: { ...pathParameters },
    requestContext,
    isBase64Encoded: body.length > 0 && !isPlain,
    ...(cookie === undefined ? {} : { cookies: cookie.split(/; */) }),
    ...(rawQuery === '' ? {} : { queryStringParameters: queryParameters(rawQuery) }),
    ...(body.length === 0 ? {} : { body: body.toString(isPlain ? 'utf8' : 'base64') }),
  };
}

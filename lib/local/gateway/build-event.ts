import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { routeKey } from '../../domain/routes.ts';
import type { Caller } from './authorize.ts';
import type { GatewayRequest } from './gateway-request.ts';
import type { MatchedRoute } from './match-route.ts';

const isText = (contentType: string): boolean => /^text\/|[/+](json|xml|javascript)\b|^$/.test(contentType);

function queryParameters(rawQuery: string): Record<string, string> {
  const parameters: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(rawQuery))
    parameters[name] = Object.hasOwn(parameters, name) ? `${parameters[name]},${value}` : value;
  return parameters;
}

/**
 * The event of payload format 2.0 (AWS, "Create AWS Lambda proxy integrations for HTTP APIs"): the path decoded, header names in
 * lower case with their values joined by commas, cookies apart, bodies that are no text in base64.
 */
export function buildEvent(
  request: GatewayRequest,
  { route, pathParameters }: MatchedRoute,
  caller: Caller | undefined,
): APIGatewayProxyEventV2 {
  const { method, rawPath, rawQuery, body, sourceIp, requestId, receivedAt } = request;
  const headers = Object.fromEntries([...request.headers].map(([name, values]) => [name, values.join(',')]));
  const { cookie, ...rest } = headers;
  const path = decodeURIComponent(rawPath);
  const plain = isText(headers['content-type'] ?? '');
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
    headers: rest,
    pathParameters: { ...pathParameters },
    requestContext,
    isBase64Encoded: body.length > 0 && !plain,
    ...(cookie === undefined ? {} : { cookies: cookie.split(/; */) }),
    ...(rawQuery === '' ? {} : { queryStringParameters: queryParameters(rawQuery) }),
    ...(body.length === 0 ? {} : { body: body.toString(plain ? 'utf8' : 'base64') }),
  };
}

import type { APIGatewayProxyEventV2 } from 'aws-lambda';

export interface EventParts {
  readonly routeKey: string;
  readonly method: string;
  /** Percent-decoded, as API Gateway gives it. */
  readonly rawPath: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly pathParameters?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly isBase64Encoded?: boolean;
  /** The caller's ARN, on routes that IAM guards. */
  readonly userArn?: string;
}

/** An event of API Gateway's payload format 2.0. */
export function gatewayEvent(parts: EventParts): APIGatewayProxyEventV2 {
  const { routeKey, method, rawPath, headers = {}, pathParameters, query, body, isBase64Encoded, userArn } = parts;
  const authorizer = {
    iam: {
      userArn,
      userId: 'AIDAEXAMPLE',
      accountId: '111122223333',
      accessKey: 'AKIAEXAMPLE',
      callerId: 'AIDAEXAMPLE',
    },
  };
  return {
    version: '2.0',
    routeKey,
    rawPath,
    rawQueryString: new URLSearchParams(query).toString(),
    headers: { host: 'api.test', 'user-agent': 'curl/8.11.0 Nix/2.34.8', ...headers },
    requestContext: {
      accountId: '111122223333',
      apiId: 'api',
      domainName: 'api.test',
      domainPrefix: 'api',
      http: { method, path: rawPath, protocol: 'HTTP/1.1', sourceIp: '192.0.2.1', userAgent: 'curl/8.11.0 Nix/2.34.8' },
      requestId: 'request-1',
      routeKey,
      stage: '$default',
      time: '01/Jan/2026:00:00:00 +0000',
      timeEpoch: 1767225600000,
      ...(userArn === undefined ? {} : { authorizer }),
    },
    isBase64Encoded: isBase64Encoded ?? false,
    ...(pathParameters === undefined ? {} : { pathParameters: { ...pathParameters } }),
    ...(query === undefined ? {} : { queryStringParameters: { ...query } }),
    ...(body === undefined ? {} : { body }),
  };
}

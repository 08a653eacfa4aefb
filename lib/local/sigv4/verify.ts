import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { canonicalRequest, type HeaderValues, type QueryPair, queryPairs } from './canonical-request.ts';
import {
  authorizationClaim,
  credentialScope,
  presignedClaim,
  type SignatureClaim,
  type SignatureFailure,
  signatureFailure,
} from './claim.ts';

/** The time of a date such as `20130524T000000Z`, in milliseconds since the Unix epoch; undefined if it is invalid. */
function parseAmzDate(text: string): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (!match) return undefined;
  const [, year, month, day, hour, minute, second] = match;
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(time) ? undefined : time;
}

/** Compares in constant time, so that the response time reveals nothing about the right signature. */
export function equalSignatures(actual: string, expected: string): boolean {
  const [a, b] = [Buffer.from(actual), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}

export interface SigningContext {
  readonly key: Buffer;
  /** As in the request: `20130524T000000Z`. */
  readonly date: string;
  readonly scope: string;
}

/** The signature in hex; `rest` follows algorithm, date and scope in the string to sign. */
export function sign(context: SigningContext, algorithm: string, ...rest: readonly string[]): string {
  const stringToSign = [algorithm, context.date, context.scope, ...rest].join('\n');
  return createHmac('sha256', context.key).update(stringToSign).digest('hex');
}

/** The signing key of a `scope` such as `20130524/us-east-1/s3/aws4_request`. */
export function signingKey(secret: string, scope: string): Buffer {
  return scope
    .split('/')
    .reduce((key, part) => createHmac('sha256', key).update(part).digest(), Buffer.from(`AWS4${secret}`));
}

export interface SignedRequest {
  readonly method: string;
  /** Path and query exactly as in the request line, without the `?`. */
  readonly rawPath: string;
  readonly rawQuery: string;
  readonly headers: HeaderValues;
  /** The body's hash in the canonical request: its SHA-256 in hex or one of S3's constants. */
  readonly payloadHash: string;
}

export interface SignatureRules {
  readonly service: string;
  readonly region: string;
  /** The secret of an access key. */
  readonly credentials: (accessKeyId: string) => string | undefined;
  readonly now: Date;
}

export interface VerifiedSignature {
  readonly ok: true;
  readonly mechanism: 'header' | 'query';
  readonly accessKeyId: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  /** For the signatures of the body's chunks. */
  readonly context: SigningContext;
}

const maxSkewMs = 15 * 60 * 1000;

/** Verifies AWS Signature Version 4, in the Authorization header or presigned in the query. Never throws. */
export function verifySignature(request: SignedRequest, rules: SignatureRules): VerifiedSignature | SignatureFailure {
  const query = queryPairs(request.rawQuery);
  const claim = claimOf(request, query);
  if (!claim.ok) return claim;
  const secret = rules.credentials(claim.accessKeyId);
  const failure =
    wrongScope(claim, rules) ??
    (secret === undefined ? unknownKey : undefined) ??
    wrongTime(claim, rules.now.getTime()) ??
    unexpectedToken(request, query) ??
    unsignedHeaders(claim, request, rules.service);
  if (failure) return failure;
  const context = { key: signingKey(secret ?? '', claim.scope), date: claim.date, scope: claim.scope };
  const canonical = canonicalRequest({ ...request, query, signedHeaders: claim.signedHeaders, service: rules.service });
  const expected = sign(context, 'AWS4-HMAC-SHA256', createHash('sha256').update(canonical).digest('hex'));
  if (!equalSignatures(claim.signature, expected)) {
    return signatureFailure(
      'SignatureDoesNotMatch',
      'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
    );
  }
  const { mechanism, accessKeyId, signedHeaders, signature } = claim;
  return { ok: true, mechanism, accessKeyId, signedHeaders, signature, context };
}

const unknownKey = signatureFailure(
  'InvalidAccessKeyId',
  'The AWS Access Key Id you provided does not exist in our records.',
);

function claimOf(request: SignedRequest, query: readonly QueryPair[]): SignatureClaim | SignatureFailure {
  const presigned = query.some(({ name }) => name === 'X-Amz-Algorithm' || name === 'X-Amz-Signature');
  if (!request.headers.has('authorization')) {
    return presigned ? presignedClaim(query) : signatureFailure('AccessDenied', 'Access Denied');
  }
  if (!presigned) return authorizationClaim(request.headers);
  return signatureFailure(
    'InvalidArgument',
    'Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified',
  );
}

function wrongScope(claim: SignatureClaim, rules: SignatureRules): SignatureFailure | undefined {
  const scope = credentialScope(`${claim.accessKeyId}/${claim.scope}`);
  const refuse = (what: string) =>
    claim.mechanism === 'header'
      ? signatureFailure('AuthorizationHeaderMalformed', `The authorization header is malformed; ${what}`)
      : signatureFailure('AuthorizationQueryParametersError', `Error parsing the X-Amz-Credential parameter; ${what}`);
  if (scope?.region !== rules.region)
    return refuse(`the region '${scope?.region}' is wrong; expecting '${rules.region}'`);
  if (scope.service !== rules.service) {
    return refuse(`incorrect service "${scope.service}". This endpoint belongs to "${rules.service}".`);
  }
  if (scope.day !== claim.date.slice(0, 8)) {
    return refuse(`Invalid credential date "${scope.day}". This date is not the same as X-Amz-Date: "${claim.date}".`);
  }
  return undefined;
}

function wrongTime(claim: SignatureClaim, now: number): SignatureFailure | undefined {
  const signed = parseAmzDate(claim.date);
  if (claim.expiresSeconds === undefined) {
    if (signed === undefined) {
      return signatureFailure('AccessDenied', 'AWS authentication requires a valid Date or x-amz-date header');
    }
    return Math.abs(now - signed) <= maxSkewMs
      ? undefined
      : signatureFailure(
          'RequestTimeTooSkewed',
          'The difference between the request time and the current time is too large.',
        );
  }
  if (signed === undefined) {
    return signatureFailure(
      'AuthorizationQueryParametersError',
      "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"",
    );
  }
  if (signed > now + maxSkewMs) return signatureFailure('AccessDenied', 'Request is not yet valid');
  return now < signed + claim.expiresSeconds * 1000
    ? undefined
    : signatureFailure('AccessDenied', 'Request has expired');
}

/** The credentials are permanent, so a session token is invalid. */
function unexpectedToken(request: SignedRequest, query: readonly QueryPair[]): SignatureFailure | undefined {
  const token =
    request.headers.has('x-amz-security-token') || query.some(({ name }) => name === 'X-Amz-Security-Token');
  return token ? signatureFailure('InvalidToken', 'The provided token is malformed or otherwise invalid.') : undefined;
}

function unsignedHeaders(claim: SignatureClaim, request: SignedRequest, service: string): SignatureFailure | undefined {
  const mustBeSigned = [...request.headers.keys()].filter((name) => service === 's3' && name.startsWith('x-amz-'));
  const unsigned = ['host', ...mustBeSigned].filter((name) => !claim.signedHeaders.includes(name));
  return unsigned.length === 0
    ? undefined
    : signatureFailure(
        'AccessDenied',
        `There were headers present in the request which were not signed: ${unsigned.join(', ')}`,
      );
}

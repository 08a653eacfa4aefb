import type { HeaderValues, QueryPair } from './canonical-request.ts';

interface CredentialScope {
  readonly accessKeyId: string;
  readonly scope: string;
  readonly day: string;
  readonly region: string;
  readonly service: string;
}

/** Splits `AKIA…/20130524/us-east-1/s3/aws4_request`. The access key may contain slashes. */
export function credentialScope(credential: string): CredentialScope | undefined {
  const match = /^(.+)\/((\d{8})\/([^/]+)\/([^/]+)\/aws4_request)$/.exec(credential);
  if (!match) return undefined;
  const [, accessKeyId = '', scope = '', day = '', region = '', service = ''] = match;
  return { accessKeyId, scope, day, region, service };
}

/** Why a signature is refused, with S3's error codes. */
export interface SignatureFailure {
  readonly ok: false;
  readonly code:
    | 'AccessDenied'
    | 'AuthorizationHeaderMalformed'
    | 'AuthorizationQueryParametersError'
    | 'InvalidAccessKeyId'
    | 'InvalidArgument'
    | 'InvalidRequest'
    | 'InvalidToken'
    | 'RequestTimeTooSkewed'
    | 'SignatureDoesNotMatch';
  readonly message: string;
}

export function signatureFailure(code: SignatureFailure['code'], message: string): SignatureFailure {
  return { ok: false, code, message };
}

/** What a request says about its signature, before it is verified. */
export interface SignatureClaim {
  readonly ok: true;
  readonly mechanism: 'header' | 'query';
  readonly accessKeyId: string;
  readonly scope: string;
  readonly date: string;
  /** How long after `date` a presigned request is valid. */
  readonly expiresSeconds?: number;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
}

/** The claim of an Authorization header. */
export function authorizationClaim(headers: HeaderValues): SignatureClaim | SignatureFailure {
  const [authorization = '', ...more] = headers.get('authorization') ?? [];
  if (more.length > 0) return malformed('it was sent more than once.');
  if (/^AWS\s/.test(authorization)) {
    return signatureFailure(
      'InvalidRequest',
      'The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.',
    );
  }
  if (!/^AWS4-HMAC-SHA256\s/.test(authorization)) {
    return signatureFailure('InvalidArgument', 'Unsupported Authorization Type');
  }
  const fields = authorization.slice('AWS4-HMAC-SHA256'.length).split(',');
  const field = (name: string) => {
    const found = fields.map((text) => text.trim()).filter((text) => text.startsWith(`${name}=`));
    return found.length === 1 ? found[0]?.slice(name.length + 1) : undefined;
  };
  const credential = credentialScope(field('Credential') ?? '');
  const signedHeaders = field('SignedHeaders');
  const signature = field('Signature');
  if (!credential) return malformed('the Credential is not KEY/YYYYMMDD/REGION/SERVICE/aws4_request.');
  if (fields.length !== 3 || !signedHeaders || !signature) {
    return malformed('it needs Credential, SignedHeaders and Signature, each once.');
  }
  const date = requestDate(headers);
  if (!date) {
    return signatureFailure('AccessDenied', 'AWS authentication requires a valid Date or x-amz-date header');
  }
  return {
    ok: true,
    mechanism: 'header',
    accessKeyId: credential.accessKeyId,
    scope: credential.scope,
    date,
    signedHeaders: signedHeaders.split(';'),
    signature,
  };
}

/** x-amz-date, or else Date in the same form, which is the one that is signed. */
function requestDate(headers: HeaderValues): string | undefined {
  const [amz] = headers.get('x-amz-date') ?? [];
  if (amz !== undefined) return amz;
  const time = Date.parse(headers.get('date')?.[0] ?? '');
  return Number.isNaN(time) ? undefined : new Date(time).toISOString().replace(/[-:]|\.\d+/g, '');
}

function malformed(reason: string): SignatureFailure {
  return signatureFailure('AuthorizationHeaderMalformed', `The authorization header is malformed; ${reason}`);
}

const maxExpiresSeconds = 604_800;

/** The claim of a presigned URL. https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html */
export function presignedClaim(query: readonly QueryPair[]): SignatureClaim | SignatureFailure {
  const parameter = (name: string) => {
    const found = query.filter((pair) => pair.name === name);
    return found.length === 1 ? found[0]?.value : undefined;
  };
  const algorithm = parameter('X-Amz-Algorithm');
  const credential = parameter('X-Amz-Credential');
  const date = parameter('X-Amz-Date');
  const expires = parameter('X-Amz-Expires');
  const signedHeaders = parameter('X-Amz-SignedHeaders');
  const signature = parameter('X-Amz-Signature');
  if (!algorithm || !credential || !date || !expires || !signedHeaders || !signature) {
    return refused(
      'Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.',
    );
  }
  if (algorithm !== 'AWS4-HMAC-SHA256') return refused('X-Amz-Algorithm only supports "AWS4-HMAC-SHA256"');
  const scope = credentialScope(credential);
  if (!scope) return refused('Error parsing the X-Amz-Credential parameter.');
  if (!/^\d{1,9}$/.test(expires)) return refused('X-Amz-Expires should be a number');
  const seconds = Number(expires);
  if (seconds < 1 || seconds > maxExpiresSeconds)
    return refused(`X-Amz-Expires must be from 1 to ${maxExpiresSeconds} seconds`);
  return {
    ok: true,
    mechanism: 'query',
    accessKeyId: scope.accessKeyId,
    scope: scope.scope,
    date,
    expiresSeconds: seconds,
    signedHeaders: signedHeaders.split(';'),
    signature,
  };
}

function refused(message: string): SignatureFailure {
  return signatureFailure('AuthorizationQueryParametersError', message);
}

import { credentialScope } from './credential-scope.ts';
import type { HeaderValues } from './header-values.ts';
import type { SignatureClaim } from './signature-claim.ts';
import { type SignatureFailure, signatureFailure } from './signature-failure.ts';

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

/** x-amz-date, or in its absence Date; both forms end as the string that is signed. */
function requestDate(headers: HeaderValues): string | undefined {
  const [amz] = headers.get('x-amz-date') ?? [];
  if (amz !== undefined) return amz;
  const time = Date.parse(headers.get('date')?.[0] ?? '');
  return Number.isNaN(time) ? undefined : new Date(time).toISOString().replace(/[-:]|\.\d+/g, '');
}

function malformed(reason: string): SignatureFailure {
  return signatureFailure('AuthorizationHeaderMalformed', `The authorization header is malformed; ${reason}`);
}

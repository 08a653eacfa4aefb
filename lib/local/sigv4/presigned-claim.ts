import { credentialScope } from './credential-scope.ts';
import type { QueryPair } from './query-pairs.ts';
import type { SignatureClaim } from './signature-claim.ts';
import { type SignatureFailure, signatureFailure } from './signature-failure.ts';

const oneWeek = 604_800;

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
  if (seconds < 1 || seconds > oneWeek) return refused(`X-Amz-Expires must be from 1 to ${oneWeek} seconds`);
  return {
    ok: true,
    mechanism: 'query',
    accessKeyId: scope.accessKeyId,
    scope: scope.scope,
    date,
    expires: seconds,
    signedHeaders: signedHeaders.split(';'),
    signature,
  };
}

function refused(message: string): SignatureFailure {
  return signatureFailure('AuthorizationQueryParametersError', message);
}

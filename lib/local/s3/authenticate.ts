import type { HeaderValues } from '../sigv4/header-values.ts';
import { type SignatureRules, type VerifiedSignature, verifySignature } from '../sigv4/verify-signature.ts';
import type { RequestTarget } from './request-target.ts';
import { S3Error } from './s3-error.ts';
import { singleHeader } from './single-header.ts';

export interface Authenticated {
  readonly signature: VerifiedSignature;
  readonly payloadHash: string;
}

const payloadHashes =
  /^(?:[0-9a-f]{64}|UNSIGNED-PAYLOAD|STREAMING-UNSIGNED-PAYLOAD-TRAILER|STREAMING-AWS4-HMAC-SHA256-PAYLOAD(?:-TRAILER)?)$/;

/** Believes a request or refuses it; there is no anonymous access. */
export function authenticate(
  {
    method,
    target,
    headers,
  }: { readonly method: string; readonly target: RequestTarget; readonly headers: HeaderValues },
  rules: Omit<SignatureRules, 'service'>,
): Authenticated {
  const { rawPath, rawQuery, query } = target;
  const header = singleHeader(headers, 'x-amz-content-sha256');
  const payloadHash = header ?? query.find(({ name }) => name === 'X-Amz-Content-Sha256')?.value ?? 'UNSIGNED-PAYLOAD';
  const signature = verifySignature({ method, rawPath, rawQuery, headers, payloadHash }, { ...rules, service: 's3' });
  if (!signature.ok) throw new S3Error(signature.code, signature.message);
  if (signature.mechanism === 'header' && header === undefined) {
    throw new S3Error('InvalidRequest', 'Missing required header for this request: x-amz-content-sha256');
  }
  if (!payloadHashes.test(payloadHash)) {
    throw new S3Error(
      'InvalidArgument',
      'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value.',
    );
  }
  return { signature, payloadHash };
}

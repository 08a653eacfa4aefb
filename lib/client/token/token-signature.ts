import { type KeyObject, sign, verify } from 'node:crypto';
import type { Algorithm } from '../../../lambda/auth/public-key.ts';

/** EdDSA hashes by itself; ES256's signature is the two numbers one after the other (RFC 7518, section 3.4), not DER. */
const digestOf = (algorithm: Algorithm): string | null => (algorithm === 'EdDSA' ? null : 'sha256');
const keyOf = (key: KeyObject) => ({ key, dsaEncoding: 'ieee-p1363' }) as const;

/** Of `header.payload`, as a JSON Web Signature has it (RFC 7515). */
export const tokenSignature = {
  make: (signed: string, algorithm: Algorithm, key: KeyObject): Buffer =>
    sign(digestOf(algorithm), Buffer.from(signed), keyOf(key)),
  fits: (signed: string, algorithm: Algorithm, key: KeyObject, signature: Buffer): boolean =>
    verify(digestOf(algorithm), Buffer.from(signed), keyOf(key), signature),
} as const;

import { JwtInvalidAudienceError } from 'aws-jwt-verify/error';
import { verifyJwtSync } from 'aws-jwt-verify/jwt-verifier';
import type { PublicKey } from './public-key.ts';

export interface Expected {
  readonly issuer: string | null;
  readonly audience: readonly string[] | null;
}

/**
 * Whether the key signed the token, for whom it must be. The library reads the clock itself, so the leeway given to it is
 * endless: `exp` and `nbf` are looked at on every use, with our clock. Given the KeyObject it need not make one each time.
 */
export function verifySignature(
  token: string,
  { key, jwk }: PublicKey,
  { issuer, audience }: Expected,
): 'good' | 'other-audience' | 'bad' {
  try {
    verifyJwtSync(
      token,
      jwk,
      { issuer, audience: audience === null ? null : [...audience], graceSeconds: Number.POSITIVE_INFINITY },
      () => key,
    );
    return 'good';
  } catch (error) {
    return error instanceof JwtInvalidAudienceError ? 'other-audience' : 'bad';
  }
}

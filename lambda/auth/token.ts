import { JwtInvalidAudienceError } from 'aws-jwt-verify/error';
import { verifyJwtSync } from 'aws-jwt-verify/jwt-verifier';
import { type DecodedToken, wrongTypes } from './decode-token.ts';
import { type PublicKey, signatureFits } from './public-key.ts';
import type { RefusalReason } from './refusal.ts';
import type { Scope } from './scope.ts';

/** What is kept of a token whose signature and claims were found good. Times are seconds since 1970. */
export interface VerifiedToken {
  readonly exp: number;
  readonly nbf: number | undefined;
  readonly iat: number | undefined;
  readonly jti: string | undefined;
  readonly sub: string | undefined;
  /** As the header says; whoever signs with a key chooses it. */
  readonly kid: string | undefined;
  /** Of the key that verified the signature. */
  readonly keyIds: readonly string[];
  /** Of `header.payload`, hexadecimal. */
  readonly sha256: string;
  readonly scope: Scope;
}

interface Expected {
  readonly issuer: string | null;
  readonly audience: readonly string[] | null;
}

/**
 * Whether the key signed the token, for whom it must be. The library reads the clock itself, so the leeway given to it is
 * endless: `exp` and `nbf` are looked at on every use, with our clock. Given the KeyObject it need not make one each time.
 */
function verifySignature(
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

/** Keys as they were at one time. Another object means other keys: what was verified with the old ones is verified again. */
export interface KeySet {
  readonly keys: readonly PublicKey[];
}

/** Where keys come from, and what a token must be that they signed. */
export interface KeySource {
  readonly expected: Expected;
  /** The keys that are known now. */
  readonly current: () => Promise<KeySet>;
  /** The keys to try for this token; the issuer may be asked for new ones. */
  readonly keysFor: (token: DecodedToken) => Promise<KeySet>;
  /** Undefined: the token's own claim has a form that is not understood. */
  readonly scopeOf: (payload: DecodedToken['payload']) => Scope | undefined;
}

const secondsPerDay = 86_400;

/** The key that signed the token, or why there is none. The signature first: nothing is said of what it does not cover. */
function signingKey(token: string, decoded: DecodedToken, set: KeySet, source: KeySource): PublicKey | RefusalReason {
  const { header, signed, signature } = decoded;
  // aws-jwt-verify checks the types of claims before the signature.
  const hasWrongTypes = wrongTypes(decoded).length > 0;
  let reason: RefusalReason = 'signature';
  for (const key of set.keys) {
    if (key.algorithm !== header.alg || (key.kid !== undefined && key.kid !== header.kid)) continue;
    if (hasWrongTypes) {
      if (signatureFits(signed, key.algorithm, key.key, signature)) return 'claim-type';
      continue;
    }
    const verdict = verifySignature(token, key, source.expected);
    if (verdict === 'good') return key;
    if (verdict === 'other-audience') reason = 'audience';
  }
  return reason;
}

/** The claims as they are once `wrongTypes` found nothing. Times are seconds since 1970. */
interface TypedClaims {
  readonly exp?: number;
  readonly nbf?: number;
  readonly iat?: number;
  readonly jti?: string;
  readonly sub?: string;
}

/** What is lasting about a token: signature, issuer, audience, the form of its claims. Times that pass are looked at on use. */
export function verifyToken(
  token: string,
  decoded: DecodedToken,
  set: KeySet,
  source: KeySource,
  { now, maxLifetimeDays }: { readonly now: number; readonly maxLifetimeDays: number | undefined },
): VerifiedToken | RefusalReason {
  const key = signingKey(token, decoded, set, source);
  if (typeof key === 'string') return key;
  const { exp, nbf, iat, jti, sub } = decoded.payload as TypedClaims;
  if (exp === undefined) return 'no-expiry';
  const scope = source.scopeOf(decoded.payload);
  if (scope === undefined) return 'claims';
  if (maxLifetimeDays !== undefined && exp - Math.min(iat ?? now, now) > maxLifetimeDays * secondsPerDay)
    return 'lifetime';
  const kid = decoded.header.kid as string | undefined;
  return { exp, nbf, iat, jti, sub, kid, keyIds: key.ids, sha256: decoded.sha256, scope };
}

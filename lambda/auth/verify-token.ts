import { isText } from '../../lib/domain/is-text.ts';
import type { DecodedToken } from './decode-token.ts';
import type { KeySet } from './key-set.ts';
import type { KeySource } from './key-source.ts';
import type { PublicKey } from './public-key.ts';
import type { RefusalReason } from './refusal.ts';
import type { VerifiedToken } from './verified-token.ts';
import { verifySignature } from './verify-signature.ts';

const secondsPerDay = 86_400;

const isTime = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);

const optional = <T>(value: unknown, is: (value: unknown) => value is T): value is T | undefined =>
  value === undefined || is(value);

/** The key that signed the token, or why there is none. The signature first: nothing is said of what it does not cover. */
function signingKey(
  token: string,
  { header }: DecodedToken,
  set: KeySet,
  source: KeySource,
): PublicKey | RefusalReason {
  let reason: RefusalReason = 'signature';
  for (const key of set.keys) {
    if (key.algorithm !== header.alg || (key.kid !== undefined && key.kid !== header.kid)) continue;
    const verdict = verifySignature(token, key, source.expected);
    if (verdict === 'good') return key;
    if (verdict === 'other-audience') reason = 'audience';
  }
  return reason;
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
  const { exp, nbf, iat, jti, sub } = decoded.payload;
  const { kid } = decoded.header;
  if (exp === undefined) return 'no-expiry';
  const scope = source.scopeOf(decoded.payload);
  const isWellFormed =
    isTime(exp) &&
    optional(nbf, isTime) &&
    optional(iat, isTime) &&
    [jti, sub, kid].every((id) => optional(id, isText));
  if (!isWellFormed || scope === undefined) return 'claims';
  if (maxLifetimeDays !== undefined && exp - Math.min(iat ?? now, now) > maxLifetimeDays * secondsPerDay)
    return 'lifetime';
  return {
    exp,
    nbf,
    iat,
    jti: jti as string | undefined,
    sub: sub as string | undefined,
    kid: kid as string | undefined,
    keyIds: key.ids,
    hash: decoded.hash,
    scope,
  };
}

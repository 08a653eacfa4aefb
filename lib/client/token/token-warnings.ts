import type { ReadToken } from './read-token.ts';
import { lengthWarnings } from './token-lengths.ts';

const refusedHeaders = ['crit', 'jwk', 'jku', 'x5u', 'x5c'] as const;
const algorithms: readonly unknown[] = ['RS256', 'ES256', 'EdDSA'];

/** Why the service may refuse a token, as far as that can be told without its settings. @param now seconds since 1970 */
export function tokenWarnings({ text, header, payload }: ReadToken, now: number): string[] {
  const { exp, nbf } = payload;
  const warnings: string[] = [];
  if (!algorithms.includes(header.alg)) warnings.push('Its algorithm is none of RS256, ES256, EdDSA: it is refused.');
  for (const name of refusedHeaders) if (name in header) warnings.push(`Its header has "${name}": it is refused.`);
  if (typeof exp !== 'number') warnings.push('It has no expiry (a number "exp"): it is refused.');
  else if (exp <= now) warnings.push('It has expired: it is refused.');
  if (nbf !== undefined && typeof nbf !== 'number') warnings.push('Its "nbf" is not a number: it is refused.');
  else if (typeof nbf === 'number' && nbf > now) warnings.push('It is not valid yet.');
  return [...warnings, ...lengthWarnings(text.length)];
}

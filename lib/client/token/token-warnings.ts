import { decodeToken } from '../../../lambda/auth/decode-token.ts';
import { algorithms } from '../../../lambda/auth/public-key.ts';
import type { ReadToken } from './read-token.ts';
import { lengthWarnings } from './token-lengths.ts';

const refusedHeaders = ['crit', 'jwk', 'jku', 'x5u', 'x5c'] as const;

function formWarnings({ text, header }: ReadToken): string[] {
  const named = refusedHeaders.filter((name) => Object.hasOwn(header, name));
  if (named.length > 0) return named.map((name) => `Its header has "${name}": it is refused.`);
  return decodeToken(text) === undefined ? ['It says something twice: it is refused.'] : [];
}

/** Why the service may refuse a token, as far as that can be told without its settings. @param now seconds since 1970 */
export function tokenWarnings(token: ReadToken, now: number): string[] {
  const { exp, nbf } = token.payload;
  const warnings = formWarnings(token);
  if (!algorithms.some((algorithm) => algorithm === token.header.alg))
    warnings.push(`Its algorithm is none of ${algorithms.join(', ')}: it is refused.`);
  if (typeof exp !== 'number') warnings.push('It has no expiry (a number "exp"): it is refused.');
  else if (exp <= now) warnings.push('It has expired: it is refused.');
  if (nbf !== undefined && typeof nbf !== 'number') warnings.push('Its "nbf" is not a number: it is refused.');
  else if (typeof nbf === 'number' && nbf > now) warnings.push('It is not valid yet.');
  return [...warnings, ...lengthWarnings(token.text.length)];
}

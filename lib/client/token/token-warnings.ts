import { decodeToken } from '../../../lambda/auth/decode-token.ts';
import { algorithms } from '../../../lambda/auth/public-key.ts';
import type { ReadToken } from './read-token.ts';
import { lengthWarnings } from './token-lengths.ts';

export const notYetValid = 'The token is not valid yet.';

const refusedHeaders = ['crit', 'jwk', 'jku', 'x5u', 'x5c'] as const;

function formWarnings({ text, header }: ReadToken): string[] {
  const named = refusedHeaders.filter((name) => Object.hasOwn(header, name));
  if (named.length > 0) return named.map((name) => `The header of the token has "${name}"; the service refuses it.`);
  return decodeToken(text) === undefined ? ['The token says something twice; the service refuses it.'] : [];
}

/** Why the service may refuse a token, as far as that can be told without its settings. @param now seconds since 1970 */
export function tokenWarnings(token: ReadToken, now: number): string[] {
  const { exp, nbf } = token.payload;
  const warnings = formWarnings(token);
  if (!algorithms.some((algorithm) => algorithm === token.header.alg))
    warnings.push(`The algorithm of the token is none of ${algorithms.join(', ')}; the service refuses it.`);
  if (typeof exp !== 'number') warnings.push('The token has no expiry (a number "exp"); the service refuses it.');
  else if (exp <= now) warnings.push('The token has expired; the service refuses it.');
  if (nbf !== undefined && typeof nbf !== 'number')
    warnings.push('The "nbf" of the token is not a number; the service refuses it.');
  else if (typeof nbf === 'number' && nbf > now) warnings.push(notYetValid);
  return [...warnings, ...lengthWarnings(token.text.length)];
}

import type { KeyObject } from 'node:crypto';
import { keyThumbprint } from '../../../lambda/auth/public-key.ts';
import { tokenAlgorithm } from './token-algorithm.ts';
import { tokenSignature } from './token-signature.ts';

/** What a token says (RFC 7519, section 4.1). Times are seconds since 1970. */
export interface TokenClaims {
  readonly sub: string;
  readonly jti: string;
  readonly iat: number;
  readonly exp: number;
  readonly nbf?: number | undefined;
  readonly aud?: string | undefined;
  readonly iss?: string | undefined;
  /** Names and globs of channels; without any the service's own setting decides. */
  readonly channels?: readonly string[] | undefined;
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A JSON Web Token in its compact form. */
export function signToken(claims: TokenClaims, key: KeyObject): string {
  const alg = tokenAlgorithm(key);
  const signed = `${encode({ alg, typ: 'JWT', kid: keyThumbprint(key) })}.${encode(claims)}`;
  return `${signed}.${tokenSignature.make(signed, alg, key).toString('base64url')}`;
}

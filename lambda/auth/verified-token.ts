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
  /** SHA-256 of `header.payload`, hexadecimal. */
  readonly hash: string;
  readonly scope: Scope;
}

import type { DecodedToken } from './decode-token.ts';
import type { KeySet } from './key-set.ts';
import type { Scope } from './scope.ts';
import type { Expected } from './verify-signature.ts';

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

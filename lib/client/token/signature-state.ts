import type { KeyObject } from 'node:crypto';
import type { ReadToken } from './read-token.ts';
import { tokenAlgorithm } from './token-algorithm.ts';
import { tokenSignature } from './token-signature.ts';

/** Whether a token was signed by the key that belongs to this one; `unverified` without a key. */
export type SignatureState = 'unverified' | 'valid' | 'invalid';

export function signatureState({ header, signed, signature }: ReadToken, key: KeyObject | undefined): SignatureState {
  if (key === undefined) return 'unverified';
  const algorithm = tokenAlgorithm(key);
  // The key says which algorithm it is for, never the token.
  return header.alg === algorithm && tokenSignature.fits(signed, algorithm, key, signature) ? 'valid' : 'invalid';
}

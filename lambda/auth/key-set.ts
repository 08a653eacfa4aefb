import type { PublicKey } from './public-key.ts';

/** Keys as they were at one time. Another object means other keys: what was verified with the old ones is verified anew. */
export interface KeySet {
  readonly keys: readonly PublicKey[];
}

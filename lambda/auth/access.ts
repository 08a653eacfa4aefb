import type { Problem } from '../../lib/domain/problem.ts';
import type { Scope } from './scope.ts';

/**
 * Milliseconds past their maximum age for which visibility, keys and deny list are believed while they cannot be had anew.
 * Afterwards nobody knows who may read what.
 */
export const believedPastAge = 300_000;

/** Who asks: somebody with a good token, or somebody who is not let in, and why. */
export type Caller = { readonly scope: Scope } | { readonly refusal: Problem };

/** Says who asks. Absent where everybody may read everything. */
export interface Access {
  /** Never rejects but for a defect: what stands against the caller is a refusal, 401 or 503. */
  readonly authenticate: (authorization: string | undefined) => Promise<Caller>;
  /** Loads keys and deny list. Rejects where that fails. */
  readonly warm: () => Promise<void>;
}

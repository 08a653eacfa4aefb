import { isText } from '../../lib/domain/is-text.ts';

/** The channels that a token gives: all there ever were, or those that match a name or glob. */
export type Scope = 'all' | readonly string[];

/** The `channels` claim, or what stands for it where a token has none. Undefined: the claim is of another form. */
export function claimedScope(claim: unknown, fallback: 'all' | 'none'): Scope | undefined {
  if (claim === undefined) return fallback === 'all' ? 'all' : [];
  return Array.isArray(claim) && claim.every(isText) ? claim : undefined;
}

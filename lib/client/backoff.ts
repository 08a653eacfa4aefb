/** Milliseconds to wait before the next try, the first after `attempt` 0; at random, so that many do not return at once. */
export const backoff = (attempt: number): number => (0.5 + Math.random() / 2) * Math.min(8_000, 250 * 2 ** attempt);

import { timingSafeEqual } from 'node:crypto';

/** Compares in constant time, so that how long a refusal takes says nothing about the right signature. */
export function equalSignatures(actual: string, expected: string): boolean {
  const [a, b] = [Buffer.from(actual), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}

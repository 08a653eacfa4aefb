import type { DenialKind } from './deny-list.ts';
import { InvalidInput } from './problem.ts';

const longestValue = 1_024;

/** Seconds since 1970: the last of the year 9999. What is later was meant in milliseconds. */
export const latestEnd = 253_402_300_799;

/** Seconds: by how much clocks may differ, at the most. */
export const clockLeeway = 300;

/** What a text must be to deny by it; gives it as it stands in the list. */
function declaredText(kind: DenialKind, text: string): string {
  const broken = (rule: string): InvalidInput => new InvalidInput(kind, `${kind} must ${rule}.`);
  if (text === '') throw broken('not be empty');
  if (text.length > longestValue) throw broken(`be at most ${longestValue} characters long`);
  if (/\p{Cc}/u.test(text)) throw broken('have no control characters');
  if (kind !== 'sha256') return text;
  if (!/^[0-9a-f]{64}$/i.test(text)) throw broken('be 64 hexadecimal digits');
  return text.toLowerCase();
}

/**
 * What somebody wants to deny by; throws where it breaks a rule.
 *
 * @param now seconds since 1970
 */
export function declaredValue(kind: DenialKind, value: string | number, now: number): string | number {
  if (typeof value === 'string') return declaredText(kind, value);
  if (value > now + clockLeeway)
    throw new InvalidInput(
      kind,
      `${kind} must not be in the future: it would deny tokens that are not made yet. It is in seconds since 1970.`,
    );
  return value;
}

/** Throws unless an entry may end then. @param now seconds since 1970 */
export function assertEnd(until: number, now: number): void {
  if (until <= now) throw new InvalidInput('until', 'until must be in the future: what is over denies nothing.');
  if (until > latestEnd) throw new InvalidInput('until', 'until must be in seconds since 1970.');
}

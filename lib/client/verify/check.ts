import type { Place } from './place.ts';

/** What a check saw. Undefined `ok`: it could not be looked at here, and `seen` says why. */
export interface Seen {
  readonly ok: boolean | undefined;
  readonly seen: string;
}

/** One line of the table. */
export interface Check {
  readonly name: string;
  readonly expected: string;
  /** Whether the bucket's policy decides it, which only Amazon S3 evaluates. */
  readonly byPolicy?: boolean;
  readonly look: (place: Place) => Promise<Seen>;
}

export const seen = (ok: boolean, what: string | number): Seen => ({ ok, seen: String(what) });

export const notHere = (reason: string): Seen => ({ ok: undefined, seen: reason });

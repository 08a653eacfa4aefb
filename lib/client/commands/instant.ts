import { InvalidArgumentError } from 'commander';

/** A time as an option's value, in seconds since 1970: `2026-01-31`, or with a time of day and its zone. */
export function instant(text: string): number {
  const form = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:\d{2}))?$/;
  const time = form.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time))
    throw new InvalidArgumentError('It must be a date such as 2026-01-31, or a time such as 2026-01-31T12:00:00Z.');
  return Math.floor(time / 1_000);
}

import { InvalidArgumentError } from 'commander';

/** Seconds. */
export const day = 86_400;
/** Days that a token is good for at most, and that a duration may put off the end of what denies one. */
export const mostDays = 3_650;

const units: Readonly<Record<string, number>> = { m: 60, h: 3_600, d: day };

/** A duration as an option's value, `3d`, `12h` or `90m`, in seconds. */
export function duration(text: string): number {
  const [, digits = '', unit = ''] = /^(\d{1,6})([mhd])$/.exec(text) ?? [];
  const seconds = Number(digits) * (units[unit] ?? 0);
  if (seconds === 0) throw new InvalidArgumentError('It must be a duration such as 3d, 12h or 90m.');
  return seconds;
}

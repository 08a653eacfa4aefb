import { InvalidArgumentError } from 'commander';

const units: Readonly<Record<string, number>> = { m: 60, h: 3_600, d: 86_400 };

/** A duration as an option's value, `3d`, `12h` or `90m`, in seconds. */
export function duration(text: string): number {
  const [, digits = '', unit = ''] = /^(\d{1,6})([mhd])$/.exec(text) ?? [];
  const seconds = Number(digits) * (units[unit] ?? 0);
  if (seconds === 0) throw new InvalidArgumentError('It must be a duration such as 3d, 12h or 90m.');
  return seconds;
}

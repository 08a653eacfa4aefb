import { InvalidInput } from './problem.ts';

/** Seconds: a minute and a year. */
const least = 60;
const most = 31_536_000;

/** Whether something is an age of the latest release, in seconds, after which a channel counts as overdue. */
export const isMaxAge = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most;

export function assertMaxAge(value: number): void {
  if (!isMaxAge(value))
    throw new InvalidInput('maxAge', `maxAge must be ${least} to ${most} seconds: a minute to a year, or none.`);
}

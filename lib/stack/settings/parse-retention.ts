import { isObject } from '../../domain/is-object.ts';

/** For so long S3 refuses to delete a version, or to shorten its retention. */
export interface ObjectLock {
  readonly mode: 'governance' | 'compliance';
  readonly days: number;
}

/** Where releases move when they are so many days old, and are still read at once. */
export interface ReleaseTransition {
  readonly storageClass: 'STANDARD_IA' | 'GLACIER_IR';
  readonly days: number;
}

/** A hundred years: the most that Object Lock takes. */
const mostDays = 36_500;

function object(value: unknown, keys: readonly string[]): Readonly<Record<string, unknown>> | undefined {
  if (!isObject(value)) return undefined;
  const given = Object.keys(value);
  if (given.length !== keys.length || !given.every((key) => keys.includes(key))) return undefined;
  return value;
}

const daysFrom = (least: number, value: unknown): number | undefined =>
  typeof value === 'number' && Number.isInteger(value) && value >= least && value <= mostDays ? value : undefined;

export function parseObjectLock(value: unknown): ObjectLock | undefined {
  const given = object(value, ['mode', 'days']);
  const mode = (['governance', 'compliance'] as const).find((one) => one === given?.mode);
  const days = daysFrom(1, given?.days);
  return mode === undefined || days === undefined ? undefined : { mode, days };
}

/** S3 moves nothing to Standard-IA before it is 30 days old. */
export function parseTransition(value: unknown): ReleaseTransition | undefined {
  const given = object(value, ['storageClass', 'days']);
  const storageClass = (['STANDARD_IA', 'GLACIER_IR'] as const).find((one) => one === given?.storageClass);
  const days = daysFrom(30, given?.days);
  return storageClass === undefined || days === undefined ? undefined : { storageClass, days };
}

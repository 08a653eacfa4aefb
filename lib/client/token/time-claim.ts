const day = 86_400;

const units = [
  [day, 'day'],
  [3_600, 'hour'],
  [60, 'minute'],
] as const;

function duration(seconds: number): string {
  const [size, unit] = units.find(([each]) => seconds >= 2 * each) ?? [1, 'second'];
  const whole = Math.round(seconds / size);
  return `${whole} ${unit}${whole === 1 ? '' : 's'}`;
}

/** "in 12 days" or "3 hours ago". @param time and now in seconds since 1970 */
export const relativeTime = (time: number, now: number): string =>
  time >= now ? `in ${duration(time - now)}` : `${duration(now - time)} ago`;

/** The latest time that a Date can hold, in seconds. */
const latest = 8_640_000_000_000;

/** A time claim in words, whatever it holds: claims are anybody's. */
export function timeClaim(value: unknown, now: number): string {
  if (typeof value !== 'number' || Math.abs(value) > latest) return `${JSON.stringify(value)} (no time)`;
  return `${new Date(value * 1_000).toISOString()} (${relativeTime(value, now)})`;
}

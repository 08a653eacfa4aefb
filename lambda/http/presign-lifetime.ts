import { BadSetting } from '../../lib/domain/bad-setting.ts';
import { longestPresignedLifetime } from '../../lib/store/read/presigned-lifetime.ts';

/** Clocks differ, and a client on a slow line takes a while to follow a redirect. */
const shortest = 60;

/** Seconds. @throws BadSetting */
export function parsePresignLifetime(text: string | undefined): number {
  if (text === undefined || text === '') return longestPresignedLifetime;
  const seconds = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (seconds >= shortest && seconds <= longestPresignedLifetime) return seconds;
  throw new BadSetting(
    'PRESIGN_LIFETIME_SECONDS',
    `must be a whole number of seconds from ${shortest} to ${longestPresignedLifetime}`,
  );
}

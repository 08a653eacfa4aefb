import { InvalidArgumentError } from 'commander';

const day = /^\d{4}-\d\d-\d\d$/;
/** RFC 3339, section 5.6. */
const dayAndTime = /^(\d{4}-\d\d-\d\d)T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)$/i;

/** Whether the calendar has the day: Date.parse takes 30 February for 2 March. */
const exists = (text: string): boolean => {
  const time = Date.parse(text);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
};

/** A point in time as an option's value, in seconds since 1970: a day, which begins at midnight UTC, or a time with its zone. */
export function moment(text: string): number {
  const date = day.test(text) ? text : dayAndTime.exec(text)?.[1];
  const time = Date.parse(text);
  if (date === undefined || !exists(date) || Number.isNaN(time))
    throw new InvalidArgumentError(
      'It must be a day such as 2026-12-31, or a time with its zone such as 2026-12-31T18:00:00Z.',
    );
  return Math.floor(time / 1_000);
}

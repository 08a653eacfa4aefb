import { describe, expect, it } from '@jest/globals';
import { InvalidArgumentError } from 'commander';
import fc from 'fast-check';
import { moment } from '../../../../lib/client/commands/context.ts';

describe('the option parser for a point in time', () => {
  it.each([
    ['1970-01-01', 0],
    ['2024-02-29', 1_709_164_800],
    ['2025-06-01T00:00Z', 1_748_736_000],
    ['2025-06-01T02:00:00+02:00', 1_748_736_000],
    ['2025-06-01t00:00:59.999z', 1_748_736_059],
  ])('takes %s for the second %d', (text, seconds) => {
    expect(moment(text)).toBe(seconds);
  });

  it.each(
    [
      ['', 'today', '2025', '2025-06', '2025-6-1', '2025-02-29', '2025-02-30T00:00Z', '2025-13-01', '0'],
      [
        '2025-06-01T00:00',
        '2025-06-01T25:00Z',
        '2025-06-01 00:00Z',
        '2025-06-01T00:00+25:00',
        '1748736000',
        '1 Jan 2025',
      ],
    ].flat(),
  )('refuses %j', (text) => {
    expect(() => moment(text)).toThrow(InvalidArgumentError);
  });

  it('agrees with the calendar for any date', () => {
    const date = fc.date({ min: new Date(0), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true });
    fc.assert(
      fc.property(date, (one) => {
        expect(moment(one.toISOString())).toBe(Math.floor(one.getTime() / 1_000));
        expect(moment(one.toISOString().slice(0, 10))).toBe(Math.floor(one.getTime() / 86_400_000) * 86_400);
      }),
      { seed: 64 },
    );
  });
});

import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { withoutFilters } from '../../../lib/nar/run-git.ts';

const names = (...drivers: readonly string[]): Buffer =>
  Buffer.from(drivers.map((driver) => `filter.${driver}.clean\0filter.${driver}.smudge\0`).join(''));

describe('the filters of a checkout', () => {
  it('are each turned off once', () => {
    expect(withoutFilters(names('lfs', 'a.b'))).toEqual(
      ['lfs', 'a.b'].flatMap((driver) => [
        ...['-c', `filter.${driver}.clean=`],
        ...['-c', `filter.${driver}.process=`],
        ...['-c', `filter.${driver}.required=false`],
      ]),
    );
    expect(withoutFilters(Buffer.alloc(0))).toEqual([]);
  });

  it.each([['a=b'], [Buffer.from([0x66, 0xff]).toString('latin1')]])(
    'are an error when one has a name that cannot be passed on, %j',
    (driver) => {
      expect(() => withoutFilters(Buffer.from(`filter.${driver}.clean\0`, 'latin1'))).toThrow('cannot be turned off.');
    },
  );

  it('are turned off whatever they are called, or are an error', () => {
    // No NUL and no newline: git has neither in the name of a section.
    const driver = fc.string({ minLength: 1, unit: 'binary' }).filter((text) => !/[\0\n]/.test(text));
    fc.assert(
      fc.property(fc.uniqueArray(driver, { maxLength: 4 }), (drivers) => {
        if (drivers.some((each) => each.includes('=') || each.includes('\ufffd')))
          expect(() => withoutFilters(names(...drivers))).toThrow();
        else expect(withoutFilters(names(...drivers))).toHaveLength(drivers.length * 6);
      }),
    );
  });
});

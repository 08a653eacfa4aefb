import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import * as z from 'zod';
import {
  jsonOrText,
  list,
  matching,
  oneOf,
  parseSettings,
  settingRows,
  wholeNumber,
} from '../../../lambda/http/setting-kinds.ts';
import { BadSetting } from '../../../lib/domain/problem.ts';

const shape = {
  seconds: wholeNumber(0, 60, 'seconds').default(30).meta({ description: 'how long' }),
  word: oneOf(['a', 'b']).optional().meta({ description: 'which', shownDefault: 'neither' }),
  name: matching(/^[a-z]+$/, 'lower-case letters')
    .default('x')
    .meta({ description: 'a name' }),
  names: list().optional().meta({ description: 'some names' }),
  nested: jsonOrText(z.strictObject({ days: z.int('must be a whole number') }, 'must be an object'))
    .optional()
    .meta({ description: 'more', shownAccepted: 'an object' }),
};

describe('parseSettings', () => {
  it('fills in defaults and leaves out what is not a setting', () => {
    expect(parseSettings(shape, { other: 1 })).toEqual({ seconds: 30, name: 'x' });
  });

  it('reads numbers, lists and nested values from text as from JSON', () => {
    const parsed = { seconds: 5, name: 'x', names: ['a', 'b'], nested: { days: 1 } };
    expect(parseSettings(shape, { seconds: '5', names: 'a, b', nested: '{"days":1}' })).toEqual(parsed);
    expect(parseSettings(shape, { seconds: 5, names: ['a', 'b'], nested: { days: 1 } })).toEqual(parsed);
  });

  it.each([
    [{ seconds: '61' }, '<seconds> must be a whole number of seconds from 0 to 60. It is "61".'],
    [{ seconds: null }, '<seconds> must be a whole number of seconds from 0 to 60. It is null.'],
    [{ word: 'c' }, '<word> must be a or b. It is "c".'],
    [{ names: 'a,,b' }, '<names> must be a list, separated by commas, without empty entries. It is "a,,b".'],
    [{ names: [] }, '<names> must be a list, separated by commas, without empty entries. It is [].'],
    [{ nested: '{' }, '<nested> must be JSON, in one line where it is given by -c.'],
    [{ nested: 7 }, '<nested> must be an object.'],
    [{ nested: { days: 'x' } }, '<nested>.days must be a whole number.'],
    [{ nested: { days: 1, hours: 1 } }, '<nested> must not have the key "hours".'],
  ])('refuses %j under the name that its user wrote, with the accepted form', (values, message) => {
    const parse = () => parseSettings(shape, values, (name) => `<${name}>`);
    expect(parse).toThrow(BadSetting);
    expect(parse).toThrow(new Error(message));
  });

  it('accepts as a whole number exactly the numbers within its range, and their digits', () => {
    fc.assert(
      fc.property(fc.oneof(fc.integer(), fc.double(), fc.integer({ min: -5, max: 70 }), fc.string()), (value) => {
        const isAccepted = (given: unknown) => {
          try {
            return parseSettings(shape, { seconds: given }).seconds === Number(given);
          } catch {
            return false;
          }
        };
        const isNumber = typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 60;
        expect(isAccepted(value)).toBe(isNumber || (/^\d{1,9}$/.test(String(value)) && Number(value) <= 60));
        if (isNumber) expect(isAccepted(String(Math.abs(value)))).toBe(true);
      }),
    );
  });
});

describe('settingRows', () => {
  it('shows the default, the purpose and the accepted form of each setting', () => {
    expect(settingRows(shape)).toEqual([
      '| `seconds` | 30 | how long | a whole number of seconds from 0 to 60 |',
      '| `word` | neither | which | a or b |',
      '| `name` | `x` | a name | lower-case letters |',
      '| `names` | none | some names | a list, separated by commas, without empty entries |',
      '| `nested` | none | more | an object |',
    ]);
  });
});

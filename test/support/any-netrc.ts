import fc from 'fast-check';

const words = [
  'machine',
  'default',
  'login',
  'password',
  'macdef',
  'a.test',
  'b.test',
  'account',
  'x',
  '"x y"',
  '#c',
  '"',
];
const blanks = [' ', '\t', '\n', '\n\n', '\r\n', '  '];

/** A text of the words that netrc files are made of, in any order. */
export const anyNetrc: fc.Arbitrary<string> = fc
  .array(fc.tuple(fc.constantFrom(...words), fc.constantFrom(...blanks)), { maxLength: 24 })
  .map((pairs) => pairs.flat().join(''));

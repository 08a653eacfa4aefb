import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { mergeNetrc } from '../../../../lib/client/netrc/merge-netrc.ts';
import { netrcEntry } from '../../../../lib/client/netrc/netrc-entry.ts';
import { InvalidInput } from '../../../../lib/domain/problem.ts';
import { anyNetrc } from '../../../support/any-netrc.ts';

const credentials = { host: 'a.test', login: 'token', password: 'e.y.J' };
const line = 'machine a.test login token password e.y.J\n';
const merged = (text: string) => mergeNetrc(text, credentials);

describe('credentials merged into a netrc file', () => {
  it.each([
    ['are the whole of an empty one', '', line],
    ['come before other hosts', 'machine b.test login x password y\n', `${line}machine b.test login x password y\n`],
    ['come before a default', 'default login x password y', `${line}default login x password y`],
    ['come before a macro without an end', 'macdef m\nx', `${line}macdef m\nx`],
    [
      'come before a default that hides an entry',
      'default login x password y\nmachine a.test login 1 password 2\n',
      `${line}default login x password y\nmachine a.test login 1 password 2\n`,
    ],
    [
      'take the place of others, and nothing else changes',
      '# mine\nmachine a.test\r\n\tlogin  "o l d" # a comment\n\taccount z password old\nmachine b.test login x password y',
      '# mine\nmachine a.test\r\n\tlogin  token # a comment\n\taccount z password e.y.J\nmachine b.test login x password y',
    ],
    ['get a login where none was', 'machine a.test password old', 'machine a.test login token password e.y.J'],
    ['get a password where none was', 'machine a.test\nlogin x', 'machine a.test password e.y.J\nlogin token'],
    ['stand in for all of an entry', 'machine A.TEST', 'machine A.TEST login token password e.y.J'],
    [
      'stay apart from what follows a quote',
      'machine "a.test"account x password "old"account y',
      'machine "a.test" login token account x password e.y.J account y',
    ],
    [
      'change the first entry alone',
      'machine a.test login 1 password 1\nmachine a.test login 2 password 2\n',
      'machine a.test login token password e.y.J\nmachine a.test login 2 password 2\n',
    ],
  ])('%s', (_, before, after) => {
    expect(merged(before)).toBe(after);
  });

  const sound = (text: string): string | undefined => {
    try {
      return merged(text);
    } catch (error) {
      expect(error).toBeInstanceOf(InvalidInput);
      return undefined;
    }
  };

  it('are what the host gets, other hosts get what they got, and merging them again changes nothing', () => {
    fc.assert(
      fc.property(anyNetrc, (text) => {
        const after = sound(text);
        if (after === undefined) return;
        expect(netrcEntry(after, 'a.test')).toEqual({ isDefault: false, login: 'token', password: 'e.y.J' });
        expect(merged(after)).toBe(after);
      }),
      { numRuns: 1_000 },
    );
  });

  const other = fc.constantFrom(
    'machine b.test login x password y\n',
    'machine b.test\n  login x # c\n  password "y z"\n',
    '# a comment about a.test\n',
    'macdef init\nmachine a.test login no password no\n\n',
    '\n',
  );
  const own = fc.constantFrom('', 'machine a.test login old password old\n', 'machine a.test\n\tpassword "o l d"\n');
  const end = fc.constantFrom('', 'default login any password one\n');

  it('leave every other line as it is, byte for byte', () => {
    fc.assert(
      fc.property(fc.array(other), own, fc.array(other), end, (before, entry, after, last) => {
        const text = [...before, entry, ...after, last].join('');
        const result = merged(text);
        if (entry === '') expect(result).toBe(line + text);
        else {
          expect(result.startsWith(before.join(''))).toBe(true);
          expect(result.endsWith(after.join('') + last)).toBe(true);
        }
        for (const host of ['b.test', 'c.test']) expect(netrcEntry(result, host)).toEqual(netrcEntry(text, host));
      }),
    );
  });
});

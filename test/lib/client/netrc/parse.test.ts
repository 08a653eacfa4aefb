import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { netrcEntry } from '../../../../lib/client/netrc/parse.ts';
import { InvalidInput } from '../../../../lib/domain/problem.ts';
import { anyNetrc } from '../../../support/any-netrc.ts';
import { anyText } from '../../../support/any-text.ts';

const entry = (login: string | undefined, password: string | undefined, isDefault = false) => ({
  isDefault,
  login,
  password,
});

describe('what a netrc file says of a host', () => {
  it.each([
    ['on one line', 'machine a.test login me password secret', entry('me', 'secret')],
    ['on several lines', 'machine a.test\n\tlogin me\n\n\tpassword secret\n', entry('me', 'secret')],
    ['with line ends of Windows', 'machine a.test\r\nlogin me\r\npassword secret\r\n', entry('me', 'secret')],
    ['with the password first', 'machine a.test password secret login me', entry('me', 'secret')],
    ['in any case', 'MACHINE A.test Login me PASSWORD Secret', entry('me', 'Secret')],
    ['after another host', 'machine b.test login you password x machine a.test login me password y', entry('me', 'y')],
    ['once, the first', 'machine a.test login 1 password 1\nmachine a.test login 2 password 2', entry('1', '1')],
    ['by the first entry with a password', 'machine a.test login 1\nmachine a.test password 2', entry(undefined, '2')],
    ['by its last login', 'machine a.test login 1 login 2 password 3 login 4', entry('2', '3')],
    ['without a login', 'machine a.test password secret', entry(undefined, 'secret')],
    ['without a password', 'machine a.test login me', entry('me', undefined)],
    ['by default', 'machine b.test login x password y\ndefault login any password one', entry('any', 'one', true)],
    ['by a default before it', 'default login 0 password 0\nmachine a.test login 1 password 1', entry('0', '0', true)],
    [
      'between comments',
      '# machine a.test login no\nmachine a.test # login no\nlogin me password x#y',
      entry('me', 'x#y'),
    ],
    ['in quotes', 'machine a.test login "m e" password "a \\"b\\" \\\\ \\t"', entry('m e', 'a "b" \\ \t')],
    [
      'after a macro',
      'macdef m\nmachine a.test login no password no\n\nmachine a.test login 1 password 2',
      entry('1', '2'),
    ],
    ['after what nobody knows', 'port 80 "machine x"\nmachine a.test port 8080 login me password x', entry('me', 'x')],
    ['not, in a macro that never ends', 'macdef m\nmachine a.test login no password no\n', undefined],
    ['not, by another name', 'machine aa.test login x password y machine .test login x password y', undefined],
    ['not, being empty', '', undefined],
    ['not, ending too early', 'machine', undefined],
  ])('is read %s', (_, text, expected) => {
    expect(netrcEntry(text, 'a.test')).toEqual(expected);
  });

  it.each([
    ['', 'machine a.test login "me'],
    ['over the end of a line', 'machine a.test login "me\npassword "x'],
    ['by an escaped one', 'machine a.test login "me\\"'],
  ])('is refused where a quote is not closed %s, by its line', (_, text) => {
    expect(() => netrcEntry(`# one\n${text}`, 'a.test')).toThrow(
      'Line 2 of the netrc file has a quote that is not closed.',
    );
  });

  it('is found or refused, whatever the file holds', () => {
    fc.assert(
      fc.property(fc.oneof(anyText(200), anyNetrc), (text) => {
        try {
          netrcEntry(text, 'a.test');
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidInput);
        }
      }),
      { numRuns: 500 },
    );
  });
});

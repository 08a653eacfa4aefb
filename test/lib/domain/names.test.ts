import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  assertChannelName,
  assertExtension,
  assertReleaseName,
  brokenExtensionRule,
  brokenGlobRule,
  isGlob,
  isReadableChannel,
  isReadableName,
  matchesGlob,
  ownerByName,
  quoted,
  tarballFormatOf,
} from '../../../lib/domain/names.ts';
import { InvalidInput } from '../../../lib/domain/problem.ts';
import { anyText } from '../../support/any-text.ts';

const allowed = 'ABCXYZabcxyz0189._-'.split('');
const nameLike = fc.string({
  unit: fc.constantFrom(...allowed, '+', '/', ' ', 'é', '\n', '.tar.xz', '.json'),
  maxLength: 20,
});

describe('a name', () => {
  it.each([
    ['a letter', 'a'],
    ['a digit', '7'],
    ['every kind of character', 'nixos-25.05_small'],
    ['a format inside', 'a.tar.xz-1'],
    ['a word that ends like a format without its dot', 'guitar'],
    ['128 characters', 'a'.repeat(128)],
  ])('may be %s', (_, name) => {
    expect(() => assertReleaseName(name)).not.toThrow();
    expect(() => assertChannelName(name)).not.toThrow();
    expect(isReadableName(name)).toBe(true);
  });

  it.each([
    ['empty', '', 'must not be empty'],
    ['129 characters long', 'a'.repeat(129), 'at most 128'],
    ['with a slash', 'a/b', 'must contain only'],
    ['with a blank', 'a b', 'must contain only'],
    ['with a line feed at its end', 'a\n', 'must contain only'],
    ['with NUL', 'a\0', 'must contain only'],
    ['with a letter beyond ASCII', 'é', 'must contain only'],
    ['with half a surrogate pair', 'a\ud800', 'must contain only'],
    ['beginning with a dot', '.a', 'must begin with'],
    ['two dots alone', '..', 'must begin with'],
    ['beginning with a dash', '-a', 'must begin with'],
    ['beginning with an underscore', '_a', 'must begin with'],
    ['ending in .json', 'a.json', 'must not end in ".json"'],
    ['ending in .JSON', 'a.JsOn', 'must not end in ".json"'],
    ...['.tar', '.tgz', '.zip', '.tar.gz', '.tar.xz', '.tar.bz2', '.tar.zst'].flatMap(
      (format): [string, string, string][] => [
        [`ending in ${format}`, `a${format}`, `must not end in "${format}"`],
        [`ending in ${format.toUpperCase()}`, `a${format.toUpperCase()}`, `must not end in "${format}"`],
      ],
    ),
  ])('is refused when it is %s', (_, name, rule) => {
    expect(() => assertReleaseName(name)).toThrow(rule);
    expect(() => assertChannelName(name)).toThrow(rule);
    expect(isReadableName(name)).toBe(false);
    expect(isReadableChannel(name)).toBe(false);
  });

  it('with "+" is refused when new and readable where another tool wrote it', () => {
    expect(() => assertReleaseName('a+b')).toThrow('must contain only');
    expect(isReadableName('a+b')).toBe(true);
    expect(isReadableChannel('a+b')).toBe(true);
    expect(isReadableName('+a')).toBe(false);
  });

  it.each(['channels', 'revoked'])('%s is reserved for channels and allowed for releases', (name) => {
    expect(() => assertChannelName(name)).toThrow('is reserved');
    expect(isReadableChannel(name)).toBe(false);
    expect(() => assertReleaseName(name)).not.toThrow();
    expect(isReadableName(name)).toBe(true);
  });

  it('that is accepted is safe in a key, a URL, HTML and a shell', () => {
    fc.assert(
      fc.property(nameLike, (name) => {
        try {
          assertReleaseName(name);
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidInput);
          return;
        }
        expect(encodeURIComponent(name)).toBe(name);
        expect(name).toMatch(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/);
        expect(isReadableName(name)).toBe(true);
      }),
      { seed: 1 },
    );
  });

  it('is refused with the name of its field', () => {
    expect(() => assertChannelName('', 'from')).toThrow(expect.objectContaining({ status: 400, field: 'from' }));
    expect(() => assertReleaseName('')).toThrow(expect.objectContaining({ field: 'release' }));
  });
});

describe('an extension', () => {
  it.each(['.tar.xz', '.iso', '.a', '.squashfs-1_0', `.${'a'.repeat(31)}`, '.jsonl', '.X'])(
    'may be %s',
    (extension) => {
      expect(brokenExtensionRule(extension)).toBeUndefined();
    },
  );

  it.each([
    ['empty', '', 'must begin with a dot'],
    ['without a dot', 'iso', 'must begin with a dot'],
    ['a dot alone', '.', 'a dot and 1 to 31 characters'],
    ['33 characters long', `.${'a'.repeat(32)}`, 'a dot and 1 to 31 characters'],
    ['with a slash', '.a/b', 'must contain only'],
    ['with a plus', '.a+b', 'must contain only'],
    ['with a line feed', '.iso\n', 'must contain only'],
    ['with two dots in a row', '.a..b', 'two dots in a row'],
    ['beginning with two dots', '..a', 'two dots in a row'],
    ['ending in a dot', '.a.', 'must not end in a dot'],
    ['.json', '.json', 'must not end in ".json"'],
    ['.a.JSON', '.a.JSON', 'must not end in ".json"'],
  ])('is refused when it is %s', (_, extension, rule) => {
    expect(brokenExtensionRule(extension)).toContain(rule);
    expect(() => assertExtension(extension)).toThrow(expect.objectContaining({ status: 400, field: 'fileExtension' }));
  });

  it('and a name never make the key of a record', () => {
    fc.assert(
      fc.property(nameLike, nameLike, (name, ending) => {
        fc.pre(isReadableName(name) && brokenExtensionRule(`.${ending}`) === undefined);
        expect(`${name}.${ending}`.toLowerCase()).not.toMatch(/\.json$|[/]|\.\.$/);
      }),
      { seed: 2 },
    );
  });
});

describe('quoted', () => {
  it('is short and has no control characters, whatever the text', () => {
    fc.assert(
      fc.property(anyText(500), (text) => {
        expect(Buffer.byteLength(quoted(text))).toBeLessThan(400);
        expect(quoted(text)).not.toMatch(/\p{Cc}/u);
      }),
      { seed: 3 },
    );
  });
});

describe('the owner of a release by its name', () => {
  const channels = ['nixos', 'nixos-25.05', 'nixos-25.05-small', 'demo'];

  it.each([
    ['its own channel', 'nixos-25.05-1', 'nixos-25.05', undefined],
    ['its own channel, though a shorter name fits as well', 'nixos-25.05-small-1', 'nixos-25.05-small', undefined],
    ['a channel with a longer name', 'nixos-25.05-1', 'nixos', 'nixos-25.05'],
    ['the longest of several', 'nixos-25.05-small-1', 'demo', 'nixos-25.05-small'],
    ['nobody: the name goes on without a dash', 'nixos25', 'demo', undefined],
    ['nobody: the name is a channel itself', 'nixos-25.05-small', 'nixos-25.05', undefined],
    ['nobody: no channel begins so', 'other-1', 'demo', undefined],
  ])('is %s', (_, release, channel, owner) => {
    expect(ownerByName(release, channel, channels)).toBe(owner);
  });

  it('is the channel itself where it is not in the list, if its name is the longer match', () => {
    expect(ownerByName('nixos-25.05-1', 'nixos-25.05', ['nixos'])).toBeUndefined();
    expect(ownerByName('nixos-25.05-1', 'nixos', ['nixos-25.05'])).toBe('nixos-25.05');
  });

  it('does not depend on the order of the channels', () => {
    const part = fc.constantFrom('a', 'a-b', 'a-b-c', 'b', 'ab');
    fc.assert(
      fc.property(fc.uniqueArray(part), part, part, (names, channel, rest) => {
        const release = `${channel}-${rest}`;
        expect(ownerByName(release, channel, names)).toBe(ownerByName(release, channel, [...names].reverse()));
      }),
      { seed: 4 },
    );
  });
});

describe('channel globs', () => {
  /** What a glob means, by a regular expression: slow where stars are many, and so no more than an oracle. */
  const oracle = (pattern: string, name: string): boolean =>
    new RegExp(`^${pattern.replaceAll(/[.+]/g, '\\$&').replaceAll(/\*+/g, '[^]*')}$`).test(name);

  describe('a glob of channels', () => {
    it.each([
      ['nixos-25.05', 'nixos-25.05', true],
      ['nixos-25.05', 'nixos-25x05', false],
      ['nixos-*', 'nixos-25.05', true],
      ['nixos-*', 'nixos-', true],
      ['nixos-*', 'nixos', false],
      ['*', '', true],
      ['*', 'anything', true],
      ['', '', true],
      ['', 'a', false],
      ['*-small', 'nixos-25.05-small', true],
      ['*-small', 'nixos-25.05-smaller', false],
      ['n*s-*5', 'nixos-25.05', true],
      ['a*b*c', 'a-b-b-c-c', true],
      ['a*b*c', 'a-c-b', false],
      ['A', 'a', false],
      ['a+b*', 'a+b', true],
      ['a+b', 'aab', false],
    ])('matches %j against %j: %j', (pattern, name, expected) => {
      expect(matchesGlob(pattern, name)).toBe(expected);
    });

    it('matches like a regular expression with .*', () => {
      const text = fc.string({ unit: fc.constantFrom('a', 'b', '.', '+', '-'), maxLength: 12 });
      const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '.', '+', '-', '*'), maxLength: 8 });
      // A name that fits is rarely met by chance: it is made from the pattern.
      const pair = fc.oneof(
        fc.tuple(pattern, text),
        fc.tuple(pattern, fc.array(text, { minLength: 8, maxLength: 8 })).map(([glob, runs]) => {
          let place = 0;
          return [glob, glob.replaceAll('*', () => runs[place++] ?? '')] as [string, string];
        }),
      );
      fc.assert(
        fc.property(pair, ([glob, name]) => {
          expect([glob, name, matchesGlob(glob, name)]).toEqual([glob, name, oracle(glob, name)]);
        }),
        { seed: 62, numRuns: 2_000 },
      );
    });

    it('takes no longer for a pattern that is built to be slow', () => {
      const pattern = `${'a*'.repeat(63)}b`;
      expect(matchesGlob(pattern, 'a'.repeat(100_000))).toBe(false);
    });

    it.each([
      ['', 'must not be empty'],
      ['a'.repeat(129), 'must be at most 128 characters long'],
      ['a/b', 'must contain only'],
      ['a?', 'must contain only'],
      ['[a]', 'must contain only'],
      ['a b', 'must contain only'],
      ['a\n', 'must contain only'],
      ['ä', 'must contain only'],
    ])('refuses the glob %j', (glob, rule) => {
      expect(brokenGlobRule(glob)).toContain(rule);
    });

    it.each(['*', 'nixos-*', 'a+b', 'nixos-25.05', 'a'.repeat(128)])('accepts the glob %j', (glob) => {
      expect(brokenGlobRule(glob)).toBeUndefined();
    });

    it('is a glob only with a star', () => {
      expect(['a*', '*', 'a', ''].map(isGlob)).toEqual([true, true, false, false]);
    });
  });
});

describe('the format of a tarball', () => {
  it.each([
    ['a.tar.xz', '.tar.xz'],
    ['a.tar.gz', '.tar.gz'],
    ['a.tar.bz2', '.tar.bz2'],
    ['a.tar.zst', '.tar.zst'],
    ['a.tar', '.tar'],
    ['a.tgz', '.tgz'],
    ['a.zip', '.zip'],
    ['a.iso', undefined],
    ['a.txz', undefined],
    ['atar', undefined],
    ['a.TAR', undefined],
  ])('of %s is recognised as %s', (name, format) => {
    expect(tarballFormatOf(name)).toBe(format);
  });
});

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { brokenGlobRule, isGlob, matchesGlob } from '../../../lib/domain/channel-globs.ts';

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
  ])('%j and %j: %j', (pattern, name, expected) => {
    expect(matchesGlob(pattern, name)).toBe(expected);
  });

  it('means what a regular expression with .* means', () => {
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

  it('takes no longer for a pattern that was made to take long', () => {
    const pattern = `${'a*'.repeat(63)}b`;
    expect(matchesGlob(pattern, 'a'.repeat(100_000))).toBe(false);
  });

  it.each([
    ['', 'must not be empty'],
    ['a'.repeat(129), 'must be at most 128 characters long'],
    ['a/b', 'must consist of'],
    ['a?', 'must consist of'],
    ['[a]', 'must consist of'],
    ['a b', 'must consist of'],
    ['a\n', 'must consist of'],
    ['ä', 'must consist of'],
  ])('%j breaks a rule', (glob, rule) => {
    expect(brokenGlobRule(glob)).toContain(rule);
  });

  it.each(['*', 'nixos-*', 'a+b', 'nixos-25.05', 'a'.repeat(128)])('%j breaks none', (glob) => {
    expect(brokenGlobRule(glob)).toBeUndefined();
  });

  it('is one where it has a star', () => {
    expect(['a*', '*', 'a', ''].map(isGlob)).toEqual([true, true, false, false]);
  });
});

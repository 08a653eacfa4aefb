import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { clientVersion, metrics, outcomes } from '../../../lib/domain/metrics.ts';
import { anyText } from '../../support/any-text.ts';

describe('metrics', () => {
  const guide = readFileSync(new URL('../../../docs/operate.md', import.meta.url), 'utf8');

  describe('docs/operate.md', () => {
    it('has each metric with its unit and dimensions, and no other', () => {
      const rows = [...guide.matchAll(/^\| `([A-Z]\w+)` \| (\w+) \| ([\w, ]+) \| /gm)].map(
        ([, name, unit, dimensions = '']) => [name, { unit, dimensions: dimensions.split(', ') }],
      );

      expect(Object.fromEntries(rows)).toEqual(metrics);
    });

    it('has each outcome', () => {
      for (const outcome of outcomes) expect(guide).toContain(`\`${outcome}\``);
    });
  });
});

describe('clientVersion', () => {
  it.each([
    ['curl/8.11.0 Nix/2.34.8', '2.34.8'],
    ['curl/7.88.1 Nix/2.26.3', '2.26.3'],
    ['curl/8.11.0 Nix/2.30.0pre20250521_d4c1f2e', '2.30.0pre20250521_d4c1f2e'],
    ['curl/8.11.0 Nix/2.34.8 extra/1', '2.34.8'],
  ])('reads from %s the version %s', (userAgent, version) => expect(clientVersion(userAgent)).toBe(version));

  it.each([
    [undefined],
    [''],
    ['curl/8.11.0'],
    ['Nix/'],
    ['Nix/2'],
    ['Nix/eyJhbGciOiJSUzI1NiJ9.a.b'],
    ['notNix/2.34.8'],
    ['Nix/2.34.8-secret'],
  ])('finds no version in %s', (userAgent) => expect(clientVersion(userAgent)).toBeUndefined());

  it('is short and plain, whatever the client sends', () => {
    fc.assert(
      fc.property(anyText(300), (text) => {
        for (const userAgent of [text, `Nix/${text}`, `curl/8 Nix/2.1${text}`])
          expect(clientVersion(userAgent) ?? '2.0').toMatch(/^[0-9.]{3,20}(pre[0-9a-f_]{1,21})?$/);
      }),
    );
  });
});

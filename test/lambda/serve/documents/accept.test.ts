import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { preferredFormat } from '../../../../lambda/serve/documents/accept.ts';
import { anyText } from '../../../support/any-text.ts';

describe('the format that an Accept header asks for', () => {
  it.each([
    ['that of Chromium', 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8', 'html'],
    ['that of curl and Nix', '*/*', 'text'],
    ['none', undefined, 'text'],
    ['an empty one', '', 'text'],
    ['JSON', 'application/json', 'json'],
    ['JSON before HTML', 'application/json, text/html', 'json'],
    ['HTML before JSON', 'text/html, application/json', 'html'],
    ['weights', 'text/html;q=0.5, application/json;q=0.9, text/plain;q=0.1', 'json'],
    ['capitals and blanks', ' TEXT/HTML ; Q=0.9 ', 'html'],
    ['something that there is not', 'image/png', 'text'],
    ['HTML that is not wanted', 'text/html;q=0', 'text'],
    ['a weight that is none', 'text/html;q=2, application/json;q=0.1', 'json'],
    ['the name of a property of objects', 'constructor, __proto__', 'text'],
  ])('for %s', (_, accept, format) => {
    expect(preferredFormat(accept)).toBe(format);
  });

  it.each([
    ['everything before HTML', '*/*, text/html', 'text'],
    ['HTML before everything', 'text/html, */*', 'html'],
    ['any text before HTML', 'text/*, text/html', 'text'],
    ['HTML less than everything', 'text/html;q=0.9, */*', 'text'],
    ['the same weight in other digits', 'application/json;q=0.50, text/html;q=0.5', 'json'],
    ['a weight with blanks inside', 'text/html;q= 0.9, application/json;q=0.1', 'json'],
    ['two weights, of which the first counts', 'text/html;q=0.1;q=1, application/json;q=0.5', 'json'],
    ['a parameter before the weight', 'text/html;level=1;q=0.1, text/plain;q=0.5', 'text'],
    ['a weight of four digits', 'text/html;q=0.9999', 'text'],
    ['commas alone', ',,,;;;q=1', 'text'],
    ['HTML in quotes', '"text/html"', 'text'],
    ['HTML as a parameter', 'text/plain;x=text/html', 'text'],
  ])('for %s', (_, accept, format) => {
    expect(preferredFormat(accept)).toBe(format);
  });

  it('is HTML only where that has the greatest weight, and stands before what has the same', () => {
    const range = fc.record({
      type: fc.constantFrom(
        'text/html',
        'Application/XHTML+xml',
        'application/json',
        'text/plain',
        '*/*',
        'text/*',
        'image/png',
      ),
      thousandths: fc.option(fc.constantFrom(0, 1, 499, 500, 501, 999, 1_000), { nil: undefined }),
      blank: fc.constantFrom('', ' ', '\t'),
    });
    fc.assert(
      fc.property(fc.array(range, { maxLength: 12 }), (ranges) => {
        const accept = ranges.map(({ type, thousandths, blank }) => {
          const weight = thousandths === undefined ? '' : `;${blank}q=${(thousandths / 1_000).toFixed(3)}`;
          return `${blank}${type}${blank}${weight}`;
        });
        const known = ranges
          .filter(({ type }) => type !== 'image/png')
          .map(({ type, thousandths = 1_000 }) => ({ isHtml: /html/i.test(type), thousandths }))
          .filter(({ thousandths }) => thousandths > 0);
        const greatest = Math.max(...known.map(({ thousandths }) => thousandths));
        const first = known.find(({ thousandths }) => thousandths === greatest);
        expect(preferredFormat(accept.join(',')) === 'html').toBe(first?.isHtml ?? false);
      }),
      { numRuns: 1_000 },
    );
  });

  it('is found in 10 KB of anything, in time that grows with the length alone', () => {
    const piece = fc.oneof(
      fc.constantFrom(',', ';', ' ', 'q=', 'q=0.5', 'text/html', '*/*', '"', '\\', '0'),
      anyText(5),
    );
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 20 }), (pieces) => {
        const accept = pieces.join('').padEnd(1, ',');
        const long = accept.repeat(Math.ceil(10_240 / accept.length));
        const begun = process.cpuUsage();
        expect(['html', 'json', 'text']).toContain(preferredFormat(long));
        expect(process.cpuUsage(begun).user).toBeLessThan(500_000);
      }),
      { numRuns: 50 },
    );
  });

  it('is one of three whatever is sent', () => {
    fc.assert(
      fc.property(anyText(), (accept) => {
        expect(['html', 'json', 'text']).toContain(preferredFormat(accept));
      }),
    );
  });
});

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

  it('is one of three whatever is sent', () => {
    fc.assert(
      fc.property(anyText(), (accept) => {
        expect(['html', 'json', 'text']).toContain(preferredFormat(accept));
      }),
    );
  });
});

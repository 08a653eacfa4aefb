import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { channelUrl, immutableLink, parseBaseUrl, permanentUrl } from '../../../lib/domain/urls.ts';

const base = 'https://channels.test/nix';
/** What Nix takes (libfetchers, `parseLinkHeader`): the whole value, one blank. */
const nixLink = /^<([^>]*)>; rel="immutable"$/i;
const narHash = 'sha256-R9r+TXs/iiXyJgsOmPvyQm9dpAmPbKmSoHcBmMFnrq4=';

describe('a URL', () => {
  it('contains the key, with a plus as %2B', () => {
    expect(permanentUrl(base, 'a-1+b.tar.xz')).toBe(`${base}/permanent/a-1%2Bb.tar.xz`);
    expect(channelUrl(base, 'a+b', '.tar.xz')).toBe(`${base}/channel/a%2Bb.tar.xz`);
  });
});

describe('the Link header', () => {
  it('has exactly the form that Nix accepts', () => {
    const link = immutableLink(base, 'a-1.tar.xz', { rev: '0a'.repeat(20), revCount: 7, lastModified: 0, narHash });
    expect(link).toBe(
      `<${base}/permanent/a-1.tar.xz?rev=${'0a'.repeat(20)}&revCount=7&lastModified=0&narHash=sha256-R9r%2BTXs%2FiiXyJgsOmPvyQm9dpAmPbKmSoHcBmMFnrq4%3D>; rel="immutable"`,
    );
  });

  it('has no query where no facts are known, and never the SHA-256 of the file', () => {
    expect(immutableLink(base, 'a-1.tar.xz', {})).toBe(`<${base}/permanent/a-1.tar.xz>; rel="immutable"`);
    expect(immutableLink(base, 'a-1.tar.xz', { sha256: 'ab'.repeat(32) })).not.toContain('abab');
  });

  it('can be parsed to the same facts', () => {
    const facts = fc.record(
      {
        rev: fc.stringMatching(/^[0-9a-f]{40}$/),
        revCount: fc.maxSafeNat(),
        lastModified: fc.maxSafeNat(),
        narHash: fc.constant(narHash),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._+-]*$/), facts, (key, known) => {
        const url = new URL(nixLink.exec(immutableLink(base, key, known))?.[1] as string);
        expect(decodeURIComponent(url.pathname)).toBe(`/nix/permanent/${key}`);
        expect(url.href).not.toContain('+');
        expect(Object.fromEntries(url.searchParams)).toEqual(
          Object.fromEntries(Object.entries(known).map(([name, value]) => [name, String(value)])),
        );
      }),
      { seed: 12 },
    );
  });
});

describe('a base URL', () => {
  it.each([
    ['https://channels.test', 'https://channels.test'],
    ['https://channels.test/', 'https://channels.test'],
    ['https://channels.test/nix//', 'https://channels.test/nix'],
    ['http://127.0.0.1:8080', 'http://127.0.0.1:8080'],
    ['HTTPS://Channels.Test', 'https://channels.test'],
  ])('is read from %s as %s', (text, url) => {
    expect(parseBaseUrl(text)).toBe(url);
  });

  it.each([
    '',
    'channels.test',
    'ftp://channels.test',
    'https://',
    'https://u@channels.test',
    'https://:p@channels.test',
    'https://channels.test?a',
    'https://channels.test#a',
    'localhost:8080',
  ])('is refused if it is %j', (text) => {
    expect(parseBaseUrl(text)).toBeUndefined();
  });
});

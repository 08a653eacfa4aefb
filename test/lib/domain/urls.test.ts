import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { channelUrl, immutableLink, parseBaseUrl, parseImmutableLink, permanentUrl } from '../../../lib/domain/urls.ts';

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

  const facts = fc.record(
    {
      rev: fc.stringMatching(/^[0-9a-f]{40}$/),
      revCount: fc.nat(999_999_999_999_999),
      lastModified: fc.nat(8_640_000_000_000),
      narHash: fc
        .uint8Array({ minLength: 32, maxLength: 32 })
        .map((bytes) => `sha256-${Buffer.from(bytes).toString('base64')}`),
    },
    { requiredKeys: [] },
  );
  const key = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._+-]*$/);

  it('has a URL that any client can parse to the same facts', () => {
    fc.assert(
      fc.property(key, facts, (name, known) => {
        const url = new URL(nixLink.exec(immutableLink(base, name, known))?.[1] as string);
        expect(decodeURIComponent(url.pathname)).toBe(`/nix/permanent/${name}`);
        expect(url.href).not.toContain('+');
        expect(Object.fromEntries(url.searchParams)).toEqual(
          Object.fromEntries(Object.entries(known).map(([fact, value]) => [fact, String(value)])),
        );
      }),
      { seed: 12 },
    );
  });

  it('is parsed to the permanent URL without facts, and to the same facts', () => {
    fc.assert(
      fc.property(key, facts, (name, known) => {
        const parsed = parseImmutableLink(immutableLink(base, name, known));
        expect(parsed?.url.href).toBe(permanentUrl(base, name));
        expect(parsed?.facts).toEqual(known);
      }),
      { seed: 13 },
    );
  });

  it.each([
    ['no URL', '<>; rel="immutable"'],
    ['a relative URL', '</a.tar.xz>; rel="immutable"'],
    ['another scheme', '<github:NixOS/nixpkgs>; rel="immutable"'],
    ['two blanks', '<https://a.test/b>;  rel="immutable"'],
    ['no blank', '<https://a.test/b>;rel="immutable"'],
    ['other quotes', "<https://a.test/b>; rel='immutable'"],
    ['no quotes', '<https://a.test/b>; rel=immutable'],
    ['another relation', '<https://a.test/b>; rel="next"'],
    ['a further parameter', '<https://a.test/b>; rel="immutable"; type="a"'],
    ['a second link', '<https://a.test/b>; rel="immutable", <https://a.test/c>; rel="next"'],
    ['text before it', 'x<https://a.test/b>; rel="immutable"'],
    ['a line after it', '<https://a.test/b>; rel="immutable"\n'],
  ])('is nothing to Nix, and nothing here, with %s', (_, link) => {
    expect(parseImmutableLink(link)).toBeUndefined();
  });

  const factsIn = (query: string) => parseImmutableLink(`<https://a.test/b.tar.xz?${query}>; REL="Immutable"`);

  it('takes a narHash with a plain plus, as Nix does', () => {
    expect(factsIn(`narHash=${narHash}`)?.facts).toEqual({ narHash });
    expect(narHash).toContain('+');
  });

  it('leaves out a fact that is not valid, and keeps every other parameter', () => {
    const parsed = factsIn(`token=a+b%20c&rev=main&revCount=-7&lastModified=1e3&narHash=sha1-x&revs=2`);
    expect(parsed?.facts).toEqual({});
    expect(parsed?.url.href).toBe('https://a.test/b.tar.xz?token=a+b%20c&revs=2');
  });

  it('is parsed or left alone, whatever it says', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        '<',
        '>',
        '; rel="immutable"',
        'https://a.test/',
        '?',
        '&',
        '=',
        '%',
        '+',
        '#',
        'rev',
        'narHash=',
      ),
    );
    const text = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''));
    const inside = text.map((target) => `<https://a.test/${target}>; rel="immutable"`);
    fc.assert(
      fc.property(fc.oneof(text, inside), (link) => {
        const parsed = parseImmutableLink(link);
        expect(parsed === undefined || nixLink.test(link)).toBe(true);
        expect(parsed?.url.search ?? '').not.toMatch(/[?&](?:rev|revCount|lastModified|narHash)(?:=|&|$)/);
      }),
      { seed: 14, numRuns: 500 },
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

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  type AboutChanges,
  aboutDifference,
  aboutOf,
  assertAbout,
  brokenAliasRule,
  brokenDescriptionRule,
  brokenHomepageRule,
  indirectAlias,
  indirectName,
  indirectText,
  revUrlOf,
  withAbout,
} from '../../../lib/domain/about.ts';
import { escapeControls } from '../../../lib/domain/names.ts';
import { formatRecord, parseRecord } from '../../../lib/domain/record.ts';
import { anyText } from '../../support/any-text.ts';

const record = (value: object) => parseRecord(JSON.stringify(value));
const rev = '0a'.repeat(20);

describe('a homepage', () => {
  it.each(['https://example.org', 'http://localhost:8080/a?b#c', 'https://bücher.example/ü', 'https://[::1]/'])(
    'can be %s',
    (text) => {
      expect(brokenHomepageRule(text)).toBeUndefined();
    },
  );

  it.each([
    ['must be a URL', ''],
    ['must be a URL', 'example.org'],
    ['must be a URL', 'https://'],
    ['must be a URL', '//example.org'],
    ['must be a URL', ' https://example.org'],
    ['must be a URL', 'https://example.org/\n'],
    ['must be a URL', 'java\tscript:alert(1)'],
    ['must be a URL', 'https://example.org/\u202e'],
    ['must be a URL', 'https://example.org/\ud800'],
    ['must begin with https://', 'javascript:alert(1)'],
    ['must begin with https://', 'JavaScript://example.org/%0aalert(1)'],
    ['must begin with https://', 'data:text/html,x'],
    ['must begin with https://', 'ftp://example.org'],
    ['must not have a user name', 'https://user@example.org'],
    ['must not have a user name', 'https://:secret@example.org'],
    ['must be at most 2048', `https://example.org/${'a'.repeat(2_029)}`],
    ['must be at most 2048', `https://example.org/${'ü'.repeat(400)}`],
  ])('%s: %j is refused', (rule, text) => {
    expect(brokenHomepageRule(text)).toContain(rule);
  });

  it('that is accepted is an http or https URL of printable ASCII, whatever was written', () => {
    const scheme = fc.constantFrom('https://', 'http://', 'HTTPS:', 'javascript:', 'data:', '//', '');
    const host = fc.constantFrom('github.com', 'a@b', 'x:1', '[::1]', 'ü.example', '%41', '');
    fc.assert(
      fc.property(scheme, host, anyText(), (start, name, rest) => {
        const { homepage } = aboutOf(record({ homepage: `${start}${name}/${rest}` }));
        if (homepage !== undefined) expect(homepage).toMatch(/^https?:\/\/[!-~]+$/);
        for (const url of [homepage, revUrlOf(homepage, rev)])
          if (url !== undefined) expect(url).not.toMatch(/["<>\\]/);
      }),
    );
  });
});

describe('a description', () => {
  it.each(['NixOS, stable', '日本語 🎉', '<b>it is escaped where it is shown</b>', 'x'.repeat(500)])(
    'can be %j',
    (text) => {
      expect(brokenDescriptionRule(text)).toBeUndefined();
    },
  );

  it.each([
    ['must not be empty', ''],
    ['must not be empty', ' '],
    ['must be at most 500', 'x'.repeat(501)],
    ['must be one line', 'a\nb'],
    ['must be one line', 'a\u2028b'],
    ['must be one line', 'a\u202eb'],
    ['must be one line', 'a\u0000b'],
    ['must be one line', 'a\u001b[31mb'],
    ['must be one line', 'a\ud800b'],
  ])('%s: %j is refused', (rule, text) => {
    expect(brokenDescriptionRule(text)).toContain(rule);
  });

  it('that is accepted is shown as it is', () => {
    fc.assert(
      fc.property(anyText(), (text) => {
        if (brokenDescriptionRule(text) === undefined) expect(escapeControls(text)).toBe(text);
      }),
    );
  });
});

describe('an alias', () => {
  it.each([
    ['nixpkgs', { id: 'nixpkgs' }],
    ['nixpkgs/nixos-25.05', { id: 'nixpkgs', ref: 'nixos-25.05' }],
    ['a_B-1/@x_.+-y', { id: 'a_B-1', ref: '@x_.+-y' }],
    [`a/${'f'.repeat(39)}`, { id: 'a', ref: 'f'.repeat(39) }],
  ])('can be %s', (alias, expected) => {
    expect(brokenAliasRule(alias)).toBeUndefined();
    expect(indirectAlias(alias)).toEqual({ type: 'indirect', ...expected });
    expect(indirectText(indirectAlias(alias))).toBe(alias);
  });

  it.each([
    ['an id', ''],
    ['an id', '/x'],
    ['an id', '1nix'],
    ['an id', 'nix.pkgs'],
    ['an id', 'flake:nixpkgs'],
    ['an id', 'nixpkgs?ref=x'],
    ['a slash and a ref', 'a/b/c'],
    ['a slash and a ref', `a/b/${rev}`],
    ['a ref of', 'a/'],
    ['a ref of', `a/${rev}`],
    ['a ref of', `a/${rev.toUpperCase()}`],
    ['a ref of', 'a/-x'],
    ['a ref of', 'a/.x'],
    ['a ref of', 'a/x y'],
    ['a ref of', 'a/x..y'],
    ['a ref of', 'a/x.'],
    ['a ref of', 'a/x.lock'],
    ['a ref of', 'a/@'],
    ['a ref of', 'a/@{x'],
    ['a ref of', 'a/ü'],
    ['at most 128', `a/${'x'.repeat(127)}`],
  ])('must be or have %s: %j is refused', (rule, alias) => {
    expect(brokenAliasRule(alias)).toContain(rule);
  });

  it('that is accepted is what Nix takes for an indirect reference', () => {
    const part = fc.stringMatching(/^[a-zA-Z0-9@_.+/-]{0,12}$/);
    fc.assert(
      fc.property(part, part, (id, ref) => {
        const alias = `${id}/${ref}`;
        if (brokenAliasRule(alias) !== undefined) return;
        expect(alias).toMatch(/^[a-zA-Z][a-zA-Z0-9_-]*\/[a-zA-Z0-9@][a-zA-Z0-9_.@+-]*$/);
        expect(indirectText(indirectAlias(alias))).toBe(alias);
      }),
    );
  });
});

describe('the name of a channel in the registry', () => {
  it.each(['a-1..2', 'a-1.', 'a-1.lock', `a.x-${rev}`])('is missing where its ref breaks the rules: %s', (channel) => {
    expect(indirectName(channel)).toBeUndefined();
  });
});

describe('what a record says about its channel', () => {
  const about = { homepage: 'https://example.org/', description: 'Tools', aliases: ['a', 'b/c'] };

  it('is read as far as it is valid', () => {
    expect(aboutOf(record(about))).toEqual(about);
    expect(aboutOf(record({}))).toEqual({});
    expect(
      aboutOf(record({ ...about, homepage: 'javascript:x', description: 7, aliases: ['a', 'a', 1, '-', null] })),
    ).toEqual({ aliases: ['a'] });
    expect(aboutOf(record({ aliases: 'a', homepage: ['https://example.org'] }))).toEqual({});
    expect(aboutOf(record({ aliases: Array.from({ length: 30 }, (_, place) => `a${place}`) })).aliases).toHaveLength(
      20,
    );
  });

  it('is read from any JSON without an error', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), fc.jsonValue(), (homepage, description, aliases) => {
        expect(() => assertAbout(aboutOf(record({ homepage, description, aliases })))).not.toThrow();
      }),
    );
  });

  it('is changed without anything else, and survives being written', () => {
    const before = record({ latest: 'a-1', mine: 'kept', homepage: 'javascript:x' });
    const after = parseRecord(formatRecord(withAbout(before, about)));
    expect(aboutOf(after)).toEqual(about);
    expect({ ...after, others: {} }).toEqual({ ...before, others: {} });
    expect(after.others.mine).toBe('kept');
    const removed = withAbout(after, { homepage: null, description: null, aliases: [] });
    expect(removed.others).toEqual({ mine: 'kept' });
  });

  it.each<[AboutChanges, AboutChanges]>([
    [{}, {}],
    [about, {}],
    [{ homepage: null }, { homepage: null }],
    [{ description: 'Other', aliases: ['a', 'b/c'] }, { description: 'Other' }],
    [{ aliases: ['b/c', 'a'] }, { aliases: ['b/c', 'a'] }],
    [{ aliases: [] }, { aliases: [] }],
  ])('differs from the request %j by %j', (changes, expected) => {
    expect(aboutDifference(record(about), changes)).toEqual(expected);
  });

  it('does not differ where it has nothing and nothing is asked for', () => {
    expect(aboutDifference(record({}), { homepage: null, description: null, aliases: [] })).toEqual({});
  });
});

describe('the page of a rev', () => {
  it.each([
    ['https://github.com/NixOS/nixpkgs', 'https://github.com/NixOS/nixpkgs/commit/'],
    ['https://github.com/NixOS/nixpkgs/', 'https://github.com/NixOS/nixpkgs/commit/'],
    ['https://github.com/NixOS/nixpkgs.git', 'https://github.com/NixOS/nixpkgs/commit/'],
    ['https://github.com/NixOS/nixpkgs/tree/master?tab=readme#top', 'https://github.com/NixOS/nixpkgs/commit/'],
    ['https://GitHub.com/NixOS/nixpkgs', 'https://github.com/NixOS/nixpkgs/commit/'],
    ['https://gitlab.com/group/sub/project', 'https://gitlab.com/group/sub/project/-/commit/'],
    ['https://gitlab.gnome.org/GNOME/gtk/-/tree/main', 'https://gitlab.gnome.org/GNOME/gtk/-/commit/'],
    ['https://codeberg.org/forgejo/forgejo', 'https://codeberg.org/forgejo/forgejo/commit/'],
    ['http://forgejo.example.org:3000/a/b', 'http://forgejo.example.org:3000/a/b/commit/'],
    ['https://git.sr.ht/~sircmpwn/aerc/tree', 'https://git.sr.ht/~sircmpwn/aerc/commit/'],
  ])('is known for %s', (homepage, expected) => {
    expect(revUrlOf(homepage, rev)).toBe(expected + rev);
  });

  it.each([
    'https://example.org/NixOS/nixpkgs',
    'https://github.com/NixOS',
    'https://github.com/',
    'https://github.com/orgs/NixOS',
    'https://github.com/a%2Fb/c',
    'https://github.com/%22onclick/x',
    'https://github.com.example.org/a/b',
    'https://notgithub.com/a/b',
    'https://gitlab.com/project',
    'https://gitlab.com/-/snippets',
    'https://sr.ht/~sircmpwn/aerc',
  ])('is unknown for %s', (homepage) => {
    expect(revUrlOf(homepage, rev)).toBeUndefined();
  });

  it('is unknown without a homepage or a rev', () => {
    expect(revUrlOf(undefined, rev)).toBeUndefined();
    expect(revUrlOf('https://github.com/NixOS/nixpkgs', undefined)).toBeUndefined();
  });
});

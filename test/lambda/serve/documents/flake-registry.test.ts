import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { flakeRegistry } from '../../../../lambda/serve/documents/flake-registry.ts';
import { indirectName } from '../../../../lib/domain/about.ts';
import { parseRecord } from '../../../../lib/domain/record.ts';

const record = (value: object) => parseRecord(JSON.stringify(value));
const flake = { archives: { 'a-1': { flake: true, topLevelEntries: 1 } }, latest: 'a-1' };

describe('the name of a channel in a registry', () => {
  it.each([
    ['nixpkgs', { id: 'nixpkgs' }],
    ['nixos-unstable', { id: 'nixos-unstable' }],
    ['nixos-25.05', { id: 'nixos', ref: '25.05' }],
    ['nixos-25.05-small', { id: 'nixos', ref: '25.05-small' }],
    ['my-tools-1.0_rc+2', { id: 'my-tools', ref: '1.0_rc+2' }],
    ['25.05', undefined],
    ['release.x', undefined],
    ['a-.5', undefined],
  ])('of %s', (channel, expected) => {
    expect(indirectName(channel)).toEqual(expected && { type: 'indirect', ...expected });
  });

  it('is one that Nix takes, and leads back to the channel', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._+-]{0,30}$/), (channel) => {
        const name = indirectName(channel);
        if (name === undefined) return;
        expect(name.id).toMatch(/^[a-zA-Z][a-zA-Z0-9_-]*$/);
        expect(name.ref ?? 'x').toMatch(/^[a-zA-Z0-9@][a-zA-Z0-9_./@+-]*$/);
        expect(name.ref === undefined ? name.id : `${name.id}-${name.ref}`).toBe(channel);
      }),
    );
  });
});

describe('the registry', () => {
  it('has the channels whose latest release is a flake, and no others', () => {
    const channels = [
      { channel: 'one', record: record(flake) },
      { channel: 'plus+one-2.0', record: record(flake) },
      { channel: 'nixos-25.05', record: record({ ...flake, file_extension: '.tar.zst' }) },
      { channel: 'source', record: record({ ...flake, archives: { 'a-1': { flake: false, topLevelEntries: 1 } } }) },
      { channel: 'unknown', record: record({ latest: 'a-1' }) },
      { channel: 'empty', record: record({ ...flake, latest: null }) },
      { channel: 'image', record: record({ ...flake, file_extension: '.iso' }) },
    ];
    const to = (url: string) => ({ to: { type: 'tarball', url }, exact: true });
    expect(flakeRegistry('https://nix.example.org', channels)).toEqual({
      version: 2,
      flakes: [
        { from: { type: 'indirect', id: 'one' }, ...to('https://nix.example.org/channel/one.tar.xz') },
        {
          from: { type: 'indirect', id: 'nixos', ref: '25.05' },
          ...to('https://nix.example.org/channel/nixos-25.05.tar.zst'),
        },
      ],
    });
  });

  it('has each name once: a channel by its own name, then the aliases', () => {
    const flakes = (channels: Readonly<Record<string, object>>) =>
      flakeRegistry(
        'https://nix.example.org',
        Object.entries(channels).map(([channel, more]) => ({ channel, record: record({ ...flake, ...more }) })),
      ).flakes.map(({ from: { id, ref }, to, exact }) => [
        ref === undefined ? id : `${id}/${ref}`,
        to.url.split('/').at(-1),
        exact,
      ]);
    expect(
      flakes({
        'a-1.0': { aliases: ['b', 'nixpkgs/nixos-25.05', 'nixpkgs', 'bad/ref/', 'a/1.0'] },
        b: { aliases: ['nixpkgs', 'c'] },
        c: { archives: {}, aliases: ['hidden'] },
        '25.05': { aliases: ['stable'] },
      }),
    ).toEqual([
      ['a/1.0', 'a-1.0.tar.xz', true],
      ['b', 'b.tar.xz', true],
      ['nixpkgs/nixos-25.05', 'a-1.0.tar.xz', true],
      ['nixpkgs', 'a-1.0.tar.xz', true],
      ['c', 'b.tar.xz', true],
      ['stable', '25.05.tar.xz', true],
    ]);
  });
});

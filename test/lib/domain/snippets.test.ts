import { describe, expect, it } from '@jest/globals';
import { parseRecord } from '../../../lib/domain/record.ts';
import { snippetsOf } from '../../../lib/domain/snippets.ts';

describe('snippets', () => {
  const base = 'https://channels.test';
  const narHash = 'sha256-R9r+TXs/iiXyJgsOmPvyQm9dpAmPbKmSoHcBmMFnrq4=';
  const sha256 = '0123456789abcdef'.repeat(4);
  const facts = { release: 'demo-1', etag: '"e"', narHash, sha256 };
  const archive = (flake: boolean, topLevelEntries = 1) => ({ 'demo-1': { flake, topLevelEntries } });

  const of = (value: object, channel = 'demo', url = base) =>
    Object.fromEntries(
      snippetsOf(url, channel, parseRecord(JSON.stringify({ latest: 'demo-1', facts, ...value }))).map(
        ({ use, text }) => [use, text],
      ),
    );

  const pinned = `fetchTarball { url = "${base}/permanent/demo-1.tar.xz"; sha256 = "${narHash}"; }`;
  const source = `inputs.demo = { url = "${base}/channel/demo.tar.xz"; flake = false; };`;

  describe('the lines that use a channel', () => {
    it('are those of a flake, of nix-channel without the extension, and a pinned one', () => {
      expect(of({ archives: archive(true) })).toEqual({
        'flake input': `inputs.demo.url = "${base}/channel/demo.tar.xz";`,
        'nix-channel': `nix-channel --add ${base}/channel/demo demo`,
        fetchTarball: pinned,
      });
    });

    it('say that an archive without flake.nix is no flake', () => {
      expect(of({ archives: archive(false) })).toMatchObject({ 'flake input': source });
    });

    it('leave nix-channel out where the archive has several entries at its top', () => {
      expect(of({ archives: archive(false, 2) })).toEqual({ 'flake input': source, fetchTarball: pinned });
    });

    it.each<[string, object]>([
      ['nothing is known of the archive', {}],
      ['what is known is of another release', { archives: { 'demo-0': { flake: true, topLevelEntries: 1 } } }],
      ['what is known is damaged', { archives: { 'demo-1': { flake: 'yes', topLevelEntries: 1 } } }],
    ])('are those that work with any archive where %s', (_, value) => {
      expect(of(value)).toEqual({
        'flake input': `${source} # if it has a flake.nix, remove "flake = false;"`,
        fetchTarball: pinned,
      });
    });

    it('are pinned by the facts of the latest release alone', () => {
      for (const facts of [undefined, { release: 'demo-0', etag: '"e"', narHash, sha256 }]) {
        expect(of({ facts })).toMatchObject({ fetchTarball: `fetchTarball "${base}/channel/demo.tar.xz"` });
        expect(of({ facts, file_extension: '.iso' })).toEqual({ curl: `curl -fLO ${base}/channel/demo.iso` });
      }
    });

    it.each(['.iso', '.qcow2', '.txz', '.tar.lz4'])(
      'download a plain file such as %s, and pin its own hash',
      (extension) => {
        expect(of({ file_extension: extension, archives: archive(true) })).toEqual({
          curl: `curl -fLO ${base}/channel/demo${extension}`,
          fetchurl: `builtins.fetchurl { url = "${base}/permanent/demo-1${extension}"; sha256 = "sha256-ASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4mrze8="; }`,
        });
      },
    );

    it('name a file whose URL is no name for the store', () => {
      const latest = 'demo+1';
      expect(of({ latest, file_extension: '.iso', facts: { ...facts, release: latest } })).toMatchObject({
        fetchurl: expect.stringContaining(`url = "${base}/permanent/demo%2B1.iso"; name = "demo+1.iso"; sha256`),
      });
    });

    it('are none where the channel leads to no release', () => {
      expect(of({ latest: null })).toEqual({});
      expect(of({ yanked: { 'demo-1': {} } })).toEqual({});
    });

    it.each([
      ['demo', 'demo'],
      ['nixos-25.05', 'nixos-25-05'],
      ['a+b_c', 'a-b_c'],
      ['25.05', '_25-05'],
    ])('name the input of the channel %s %s', (channel, attribute) => {
      expect(of({ archives: archive(true) }, channel)['flake input']).toMatch(`inputs.${attribute}.url = "`);
    });

    it('give nix-channel a name that it takes, and a shell what it does not read', () => {
      const quoting = of({ archives: archive(true) }, 'a+b', "https://channels.test/it's&so");
      expect(quoting['nix-channel']).toBe(`nix-channel --add 'https://channels.test/it'\\''s&so/channel/a%2Bb' a-b`);
    });
  });
});

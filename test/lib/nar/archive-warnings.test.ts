import { afterAll, describe, expect, it } from '@jest/globals';
import { directory, file, hardlink, symlink, tar, top } from '../../support/nar/tar-blocks.ts';
import { Temporary } from '../../support/nar/temporary.ts';

const temporary = new Temporary();
afterAll(() => temporary.remove());

const flake = file('top/flake.nix', '{ outputs = _: { }; }');

async function warned(...blocks: readonly Buffer[]): Promise<readonly string[]> {
  const { warnings } = await temporary.inspect(tar(...blocks));
  return (warnings ?? []).map(({ message }) => message);
}

describe('archiveWarnings', () => {
  it('gives no warning for an ordinary archive', async () => {
    expect(await warned(...top, flake)).toEqual([]);
    expect(await warned(...top, file('top/default.nix'))).toEqual([]);
    expect(await warned(...top, symlink('top/default.nix', 'a'))).toEqual([]);
  });

  it('warns of several top-level entries', async () => {
    expect(await warned(...top, file('flake.nix', '{ }'), directory('other/'))).toEqual([
      'The archive has 3 entries at its top: nix-channel and Nix before 2.21 want a single directory.',
    ]);
  });

  it('warns of a tree without flake.nix and default.nix at its root', async () => {
    const said =
      'There is no flake.nix and no default.nix at the root of the tree: a flake needs "flake = false" to use it, and "import <channel>" fails.';
    expect(await warned(...top)).toEqual([said]);
    expect(await warned(...top, directory('top/default.nix/'), file('top/d/flake.nix'))).toEqual([said]);
  });

  it('warns of names that differ only in case, and names the first', async () => {
    const rule = 'a file system that ignores case, as on macOS, does not keep both.';
    expect(await warned(...top, flake, file('top/d/B'), file('top/d/b'))).toEqual([
      `'d/B' and 'd/b' differ only in case: ${rule}`,
    ]);
    expect(await warned(...top, flake, file('top/A'), file('top/b'), directory('top/B/'))).toEqual([
      `'a' and 'A' differ only in case (and 1 more): ${rule}`,
    ]);
    // É and é in UTF-8.
    expect(await warned(...top, flake, file('top/\xc3\x89'), file('top/\xc3\xa9'))).toEqual([
      `'É' and 'é' differ only in case: ${rule}`,
    ]);
    expect(await warned(...top, flake, file('top/\xc9'), file('top/\xe9'), file('top/d/A'))).toEqual([]);
    expect(await warned(...top, flake, file('top/\xe9x'), file('top/\xe9X'))).toEqual([
      `'\\xe9x' and '\\xe9X' differ only in case: ${rule}`,
    ]);
  });

  it('warns of files that their owner cannot read, and names the first', async () => {
    const rule = 'nix-prefetch-url --unpack fails for users other than root.';
    const closed = file('top/d/x', 'x', { mode: 0o044 });
    expect(await warned(...top, flake, closed)).toEqual([`'d/x' cannot be read by its owner: ${rule}`]);
    expect(await warned(...top, flake, closed, hardlink('top/y', 'top/d/x'))).toEqual([
      `'d/x' cannot be read by its owner (and 1 more): ${rule}`,
    ]);
    expect(await warned(...top, flake, file('top/x', 'x', { mode: 0o400 }), directory('top/e/', { mode: 0 }))).toEqual(
      [],
    );
    expect(await warned(...top, flake, closed, file('top/d/x'))).toEqual([]);
  });

  describe('inputs.self in flake.nix', () => {
    const of = (text: string) => warned(...top, file('top/flake.nix', Buffer.from(text)));

    it.each([
      ['{ inputs.self.submodules = true; outputs = _: { }; }', 'submodules'],
      ['{ inputs.self.submodules=false; outputs = _: { }; }', 'submodules'],
      ['{ inputs = { self.submodules = true; }; outputs = _: { }; }', 'submodules'],
      ['{ inputs = { self = { submodules = true; }; }; outputs = _: { }; }', 'submodules'],
      ['{\n  inputs."self" = {\n    # all of it\n    "lfs" = true;\n  };\n}', 'lfs'],
    ])('warns when flake.nix has %j', async (text, attribute) => {
      expect(await of(text)).toEqual([
        `flake.nix sets inputs.self.${attribute}: Nix 2.26 refuses that, and Nix 2.34 writes a lock that it cannot read.`,
      ]);
    });

    it.each([
      '{ # inputs.self.submodules = true;\n outputs = _: { }; }',
      '{ /* inputs.self.submodules = true; */ outputs = _: { }; }',
      '{ outputs = { self }: { x = self.submodules == true; }; }',
      '{ outputs = { self, ... }: { inherit (self) submodules; }; }',
      '{ inputs.myself.submodules = true; }',
      '{ inputs.nixpkgs.url = "git+https://example.org/x?submodules=1#self.y"; }',
    ])('does not warn when flake.nix has %j', async (text) => {
      expect(await of(text)).toEqual([]);
    });

    it('searches a flake.nix that repeats the beginning of the pattern in linear time', async () => {
      const begun = performance.now();
      await of('self={'.repeat(40_000));
      await of('/* '.repeat(80_000));
      expect(performance.now() - begun).toBeLessThan(5_000);
    });
  });

  it('escapes control characters in the names of entries', async () => {
    const [said] = await warned(...top, flake, file('top/\x1b[2JA'), file('top/\x1b[2Ja'));
    expect(said).toContain("'\\x1b[2JA' and '\\x1b[2Ja' differ");
  });
});

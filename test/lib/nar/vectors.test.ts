import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from '@jest/globals';
import { decoders } from '../../support/nar/decoders.ts';
import { Temporary } from '../../support/nar/temporary.ts';

interface Vector {
  readonly narHash?: string;
  readonly lastModified?: number | null;
}

const folder = new URL('../../fixtures/vectors/', import.meta.url).pathname;
const vectors: Readonly<Record<string, Vector>> = JSON.parse(readFileSync(`${folder}vectors.json`, 'utf8')).vectors;

const refused: Readonly<Record<string, RegExp>> = {
  // Nix refuses them.
  'dotgit-inside.tar.gz': /'top\/\.git\/' is named \.git to Nix/,
  'fifo.tar.gz': /'top\/p' is a fifo/,
  'hardlink-missing.tar.gz': /'top\/a' is a hard link to an entry that is not in the archive before it/,
  'truncated.tar.gz': /is cut off: its gzip data ends too early/,
  // Nix 2.26 refuses them and 2.34 does not.
  'hardlink-forward.tar.gz': /'top\/a' is a hard link to an entry that is not in the archive before it/,
  'through-symlink.tar.gz': /'top\/s\/f' lies below a symlink/,
  // Nix accepts them, and nobody can want to publish them.
  'empty-archive.tar.gz': /is empty/,
  'leading-parent.tar.gz': /'\.\.\/evil' has `\.\.` in its name/,
  'parent-traversal.tar.gz': /'top\/\.\.\/evil' has `\.\.` in its name/,
  'single-top-exec.tar.gz': /'only\.sh' is a single file where a directory is expected/,
  'single-top-file.tar.gz': /'only\.txt' is a single file where a directory is expected/,
};

const temporary = new Temporary();
afterAll(() => temporary.remove());

const names = Object.keys(vectors);

describe.each(decoders)('archives whose hash is known from Nix, decoded by %s', (_, programs) => {
  it.each(names.filter((name) => !name.endsWith('.zip') && !(name in refused)))(
    'finds the same hash and time as Nix for %s',
    async (name) => {
      const facts = await temporary.inspectFile(folder + name, { programs });
      expect(facts.narHash).toBe(vectors[name]?.narHash);
      expect(facts.lastModified ?? null).toBe(vectors[name]?.lastModified);
    },
  );

  it.each(Object.entries(refused))('refuses %s', async (name, reason) => {
    await expect(temporary.inspectFile(folder + name, { programs })).rejects.toThrow(reason);
    await expect(temporary.inspectFile(folder + name, { programs })).rejects.toMatchObject({ name: 'ArchiveRefused' });
  });
});

describe('the list of archives', () => {
  it('is complete', () => {
    expect(readdirSync(folder).sort()).toEqual([...names, 'vectors.json'].sort());
    expect(Object.keys(refused).filter((name) => !names.includes(name))).toEqual([]);
  });

  it('accepts nothing that Nix refuses', () => {
    const failed = names.filter((name) => vectors[name]?.narHash === undefined);
    expect(failed.filter((name) => !(name in refused))).toEqual([]);
  });

  it.each(names.filter((name) => name.endsWith('.zip')))('reads only the names of %s, without a hash', async (name) => {
    const facts = await temporary.inspectFile(folder + name);
    expect(Object.keys(facts).sort()).toEqual(
      ['entries', 'flake', 'partSha256s', 'sha256', 'size', 'topLevelEntries', 'warnings'].sort(),
    );
  });
});

import type { Stats } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { ArchiveRefused, LocalFailure, printableName } from '../archive-refused.ts';
import { entryPath } from '../tree.ts';

/** An entry of the archive. The path is relative to the root; path and target are latin1 strings of their bytes. */
export interface PackEntry {
  readonly path: string;
  readonly kind: 'file' | 'directory' | 'symlink';
  readonly executable: boolean;
  /** Of a symlink. */
  readonly target: string;
  /** The path of the file on disk, as bytes. */
  readonly source: Buffer;
  readonly size: number;
}

/** The entry at a path on disk; undefined when there is none. Refuses what no archive for Nix can hold. */
export async function statEntry(root: string, path: string): Promise<PackEntry | undefined> {
  entryPath(`source/${path}`);
  const source = Buffer.concat([Buffer.from(`${root}/`), Buffer.from(path, 'latin1')]);
  const stats = await lstat(source).catch((error) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  });
  if (stats === undefined) return undefined;
  const kind = kindOf(stats);
  if (kind === undefined)
    throw new ArchiveRefused('is not a file, directory or symlink; Nix accepts nothing else', path);
  const target = kind === 'symlink' ? (await readlink(source, { encoding: 'buffer' })).toString('latin1') : '';
  const executable = kind === 'file' && (stats.mode & 0o100) !== 0;
  return { path, kind, executable, target, source, size: kind === 'file' ? stats.size : 0 };
}

function kindOf(stats: Stats): PackEntry['kind'] | undefined {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'directory';
  return stats.isSymbolicLink() ? 'symlink' : undefined;
}

/**
 * Everything below a directory. A `.git` in it, in upper or lower case, is refused, because in a checkout git has to say what is tracked;
 * with `leaveOutGit` it is left out, and everything else is packed.
 */
export async function walkDirectory(root: string, { leaveOutGit = false } = {}): Promise<readonly PackEntry[]> {
  const entries: PackEntry[] = [];
  const directories = [''];
  for (let directory = directories.pop(); directory !== undefined; directory = directories.pop()) {
    const prefix = directory === '' ? '' : `${directory}/`;
    const place = Buffer.concat([Buffer.from(`${root}/`), Buffer.from(directory, 'latin1')]);
    for (const bytes of await readdir(place, { encoding: 'buffer' })) {
      const name = bytes.toString('latin1');
      if (name.toLowerCase() === '.git') {
        if (leaveOutGit) continue;
        const shown = printableName(place.toString('latin1').replace(/\/$/, ''));
        throw new LocalFailure(
          'unreadable',
          `${shown} is a git checkout: publish it by itself, or pass --no-git to pack every file, also those that git ignores.`,
        );
      }
      const path = `${prefix}${name}`;
      const entry = await statEntry(root, path);
      if (entry === undefined) continue;
      entries.push(entry);
      if (entry.kind === 'directory') directories.push(path);
    }
  }
  return entries;
}

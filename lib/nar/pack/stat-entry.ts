import type { Stats } from 'node:fs';
import { lstat, readlink } from 'node:fs/promises';
import { ArchiveRefused } from '../archive-refused.ts';
import { entryPath } from '../entry-path.ts';
import type { PackEntry } from './pack-entry.ts';

/** One entry of a directory as it lies on disk; undefined when it is not there. Refuses what no archive for Nix can hold. */
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
    throw new ArchiveRefused('is no file, directory or symlink, and Nix takes nothing else', path);
  const target = kind === 'symlink' ? (await readlink(source, { encoding: 'buffer' })).toString('latin1') : '';
  const executable = kind === 'file' && (stats.mode & 0o100) !== 0;
  return { path, kind, executable, target, source, size: kind === 'file' ? stats.size : 0 };
}

function kindOf(stats: Stats): PackEntry['kind'] | undefined {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'directory';
  return stats.isSymbolicLink() ? 'symlink' : undefined;
}

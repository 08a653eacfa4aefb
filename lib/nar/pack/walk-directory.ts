import { readdir } from 'node:fs/promises';
import type { PackEntry } from './pack-entry.ts';
import { statEntry } from './stat-entry.ts';

/**
 * Everything below a directory but the `.git` at its root, which is how a checkout begins. A `.git` further down is refused, since Nix would
 * refuse the archive.
 */
export async function walkDirectory(root: string): Promise<readonly PackEntry[]> {
  const entries: PackEntry[] = [];
  const directories = [''];
  for (let directory = directories.pop(); directory !== undefined; directory = directories.pop()) {
    const prefix = directory === '' ? '' : `${directory}/`;
    const place = Buffer.concat([Buffer.from(`${root}/`), Buffer.from(directory, 'latin1')]);
    for (const name of await readdir(place, { encoding: 'buffer' })) {
      const path = `${prefix}${name.toString('latin1')}`;
      if (path === '.git') continue;
      const entry = await statEntry(root, path);
      if (entry === undefined) continue;
      entries.push(entry);
      if (entry.kind === 'directory') directories.push(path);
    }
  }
  return entries;
}

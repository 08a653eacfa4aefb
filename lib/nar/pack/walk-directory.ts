import { readdir } from 'node:fs/promises';
import { LocalFailure } from '../local-failure.ts';
import { printableName } from '../printable-name.ts';
import type { PackEntry } from './pack-entry.ts';
import { statEntry } from './stat-entry.ts';

/**
 * Everything below a directory. A `.git` in it, in upper or lower case, is refused, because git knows better what belongs to a checkout;
 * with `leaveOutGit` it is left out, and all else is there.
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

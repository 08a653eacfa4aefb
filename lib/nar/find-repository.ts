import { lstat, realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { LocalFailure } from './local-failure.ts';
import { printableName } from './printable-name.ts';

export interface Repository {
  /** The directory that holds `.git`, or the repository itself where it has no working tree. No symlinks. */
  readonly path: string;
  /** Whether the directory lies in the repository's own files: it is bare, or it is below `.git`. */
  readonly bare: boolean;
}

const isDotGit = (name: string): boolean => name.toLowerCase() === '.git';

/**
 * The git repository that a directory belongs to, found without git and so even where git cannot read it: anything named `.git`
 * counts, valid or not. Symlinks are resolved first: a link to a build result does not belong to the checkout that it lies in.
 */
export async function findRepository(directory: string): Promise<Repository | undefined> {
  const start = await realpath(directory);
  for (let path = start; ; path = dirname(path)) {
    if (await isThere(join(path, '.git'))) return { path, bare: false };
    if (isDotGit(basename(path)) || (await isGitDirectory(path))) return { path, bare: true };
    if (path === dirname(path)) return undefined;
  }
}

/** Whether a directory is `.git` or lies below one, in upper or lower case. */
export async function isInsideDotGit(directory: string): Promise<boolean> {
  return (await realpath(directory)).split('/').some(isDotGit);
}

/** By the rule of git (setup.c, is_git_directory), without what makes it valid. */
async function isGitDirectory(path: string): Promise<boolean> {
  const has = (name: string): Promise<boolean> => isThere(join(path, name));
  if (!(await has('HEAD'))) return false;
  return (await has('commondir')) || ((await has('objects')) && (await has('refs')));
}

async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return false;
    const shown = printableName(Buffer.from(path).toString('latin1'));
    throw new LocalFailure('unreadable', `${shown} cannot be looked for (${code}).`, { cause: error });
  }
}

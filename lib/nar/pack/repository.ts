import { execFile } from 'node:child_process';
import { lstat, realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { LocalFailure, printableName } from '../archive-refused.ts';

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

export interface GitAnswer {
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** Runs `git` with these arguments in a directory. */
export type RunGit = (directory: string, args: readonly string[]) => Promise<GitAnswer>;

/** The user's own configuration and installation. Everything else that begins with `GIT_` can make git answer for another repository. */
const keptVariable = /^(?!GIT_)|^GIT_(EXEC_PATH|CONFIG_(GLOBAL|SYSTEM|NOSYSTEM|PARAMETERS|COUNT|(KEY|VALUE)_\d+))$/;

const variables = {
  LC_ALL: 'C',
  // Nothing is written to the checkout.
  GIT_OPTIONAL_LOCKS: '0',
  // A `.git` above a mount point counts too.
  GIT_DISCOVERY_ACROSS_FILESYSTEM: '1',
  // A replacement (refs/replace) would give the commit another content.
  GIT_NO_REPLACE_OBJECTS: '1',
  // A partial clone could otherwise fetch, through a program that its configuration names.
  GIT_NO_LAZY_FETCH: '1',
  GIT_ALLOW_PROTOCOL: 'none',
};

/** Programs that the configuration of a checkout could make these commands run. The empty value is "none" to every version of git. */
const settings = ['core.fsmonitor=', 'core.hooksPath=/dev/null'].flatMap((setting) => ['-c', setting]);

/** The `git` on the PATH; it writes nothing, and takes from the environment what the user configured and nothing more. */
export function gitRunner(environment: NodeJS.ProcessEnv): RunGit {
  const kept = Object.entries(environment).filter(([name]) => keptVariable.test(name));
  const env = { ...Object.fromEntries(kept), ...variables };
  return (directory, args) =>
    new Promise((resolve, reject) => {
      const options = { encoding: 'buffer', maxBuffer: 1024 ** 3, env } as const;
      // By -C instead of the working directory, where a PATH with relative entries could find a git of the checkout's own.
      const command = ['--no-pager', '-C', directory, ...settings, ...args];
      const child = execFile('git', command, options, (error, stdout, stderr) => {
        const code = error === null ? 0 : (error.code ?? error.signal);
        if (typeof code === 'number') return resolve({ code, stdout, stderr: stderr.toString('latin1') });
        reject(new LocalFailure('unsupported', `the program git cannot be run (${code}).`, { cause: error }));
      });
      child.stdin?.on('error', () => {}).end();
    });
}

/**
 * Arguments that turn off the filters (`filter.<driver>.clean` and `.process`) which the checkout's configuration names: `git status`
 * would run them. They are looked up, because git has no setting for all of them.
 */
export function withoutFilters(names: Buffer): readonly string[] {
  const drivers = new Set<string>();
  for (const name of names.toString('utf8').split('\0')) {
    const driver = /^filter\.(.+)\.[^.]+$/s.exec(name)?.[1];
    if (driver === undefined) continue;
    // `-c` takes the first equals sign for the end of the name, and Node writes arguments as UTF-8.
    if (/[=\ufffd]/.test(driver))
      throw new LocalFailure('unreadable', `the filter "${driver}" in its configuration cannot be turned off.`);
    drivers.add(driver);
  }
  return [...drivers].flatMap((driver) =>
    ['clean=', 'process=', 'required=false'].flatMap((setting) => ['-c', `filter.${driver}.${setting}`]),
  );
}

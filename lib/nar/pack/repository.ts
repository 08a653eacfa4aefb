import { execFile } from 'node:child_process';
import { lstat, realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { LocalFailure, printableName } from '../archive-refused.ts';

export interface Repository {
  /** The directory that holds `.git`, or the repository itself if it has no working tree. Without symlinks. */
  readonly path: string;
  /** Whether the directory is part of the repository's own files: a bare repository, or below `.git`. */
  readonly bare: boolean;
}

const isDotGit = (name: string): boolean => name.toLowerCase() === '.git';

/**
 * The git repository that a directory belongs to, found without git and so even if git cannot read it: anything named `.git`
 * counts, valid or not. Symlinks are resolved first: a link to a build result does not belong to the checkout that it is in.
 */
export async function findRepository(directory: string): Promise<Repository | undefined> {
  const start = await realpath(directory);
  for (let path = start; ; path = dirname(path)) {
    if (await isThere(join(path, '.git'))) return { path, bare: false };
    if (isDotGit(basename(path)) || (await isGitDirectory(path))) return { path, bare: true };
    if (path === dirname(path)) return undefined;
  }
}

/** Whether a directory is `.git` or below one, in upper or lower case. */
export async function isInsideDotGit(directory: string): Promise<boolean> {
  return (await realpath(directory)).split('/').some(isDotGit);
}

/** As git finds it (setup.c, is_git_directory), without checking that it is valid. */
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
    throw new LocalFailure('unreadable', `${shown} cannot be checked (${code}).`, { cause: error });
  }
}

export interface GitAnswer {
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** Runs `git` with these arguments in a directory. */
export type RunGit = (directory: string, args: readonly string[]) => Promise<GitAnswer>;

/** The user's configuration and installation. Other `GIT_` variables can make git answer for another repository. */
const keptVariable = /^(?!GIT_)|^GIT_(EXEC_PATH|CONFIG_(GLOBAL|SYSTEM|NOSYSTEM|PARAMETERS|COUNT|(KEY|VALUE)_\d+))$/;

const variables = {
  LC_ALL: 'C',
  // Nothing is written to the checkout.
  GIT_OPTIONAL_LOCKS: '0',
  // A `.git` above a mount point counts too.
  GIT_DISCOVERY_ACROSS_FILESYSTEM: '1',
  // A replacement (refs/replace) would give the commit other content.
  GIT_NO_REPLACE_OBJECTS: '1',
  // A partial clone could otherwise fetch, with a program that its configuration names.
  GIT_NO_LAZY_FETCH: '1',
  GIT_ALLOW_PROTOCOL: 'none',
};

/** Programs that a checkout's configuration could make git run. Every version of git reads the empty value as none. */
const settings = ['core.fsmonitor=', 'core.hooksPath=/dev/null'].flatMap((setting) => ['-c', setting]);

/** The `git` on the PATH. It writes nothing, and gets only the user's configuration from the environment. */
export function gitRunner(environment: NodeJS.ProcessEnv): RunGit {
  const kept = Object.entries(environment).filter(([name]) => keptVariable.test(name));
  const env = { ...Object.fromEntries(kept), ...variables };
  return (directory, args) =>
    new Promise((resolve, reject) => {
      const options = { encoding: 'buffer', maxBuffer: 1024 ** 3, env } as const;
      // With -C: in that working directory a PATH with relative entries could find a git that belongs to the checkout.
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
 * Arguments that turn off the filters of the checkout's configuration (`filter.<driver>.clean` and `.process`), which `git status`
 * would run. git has no setting that turns all of them off.
 */
export function withoutFilters(names: Buffer): readonly string[] {
  const drivers = new Set<string>();
  for (const name of names.toString('utf8').split('\0')) {
    const driver = /^filter\.(.+)\.[^.]+$/s.exec(name)?.[1];
    if (driver === undefined) continue;
    // To `-c` the name ends at the first equals sign, and Node writes arguments as UTF-8.
    if (/[=\ufffd]/.test(driver))
      throw new LocalFailure('unreadable', `the filter "${driver}" in its configuration cannot be turned off.`);
    drivers.add(driver);
  }
  return [...drivers].flatMap((driver) =>
    ['clean=', 'process=', 'required=false'].flatMap((setting) => ['-c', `filter.${driver}.${setting}`]),
  );
}

import { execFile } from 'node:child_process';
import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readFile, realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { LocalFailure, printableName } from '../archive-refused.ts';
import { statEntry } from './pack-directory.ts';
import type { PackEntry } from './write-tar.ts';

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

const pointerStart = 'version https://git-lfs.github.com/spec/v1\n';

/** By the specification of Git LFS. */
const maxPointerBytes = 1024;

const concurrency = 64;

/** The entries that are Git LFS pointers instead of the files. */
export async function lfsPointers(entries: readonly PackEntry[]): Promise<readonly PackEntry[]> {
  const small = entries.filter(
    ({ kind, size }) => kind === 'file' && size > pointerStart.length && size <= maxPointerBytes,
  );
  const pointers: PackEntry[] = [];
  for (let at = 0; at < small.length; at += concurrency) {
    const some = small.slice(at, at + concurrency);
    const contents = await Promise.all(some.map(({ source }) => readFile(source)));
    pointers.push(...some.filter((_, index) => contents[index]?.toString('latin1').startsWith(pointerStart)));
  }
  return pointers;
}

/** Whether an entry has the content of a blob, byte for byte; `object` is the blob's id. */
export async function hasContentOf(entry: PackEntry, object: string): Promise<boolean> {
  const hash = createHash(object.length === 64 ? 'sha256' : 'sha1');
  const size = entry.kind === 'symlink' ? entry.target.length : entry.size;
  return (await digest(hash.update(`blob ${size}\0`), entry)) === object;
}

/** Whether an entry is the file of a Git LFS pointer. */
export async function isFileOfPointer(entry: PackEntry, pointer: Buffer): Promise<boolean> {
  const text = pointer.toString('latin1');
  if (entry.kind !== 'file' || !text.startsWith(pointerStart)) return false;
  const sha256 = /^oid sha256:([0-9a-f]{64})$/m.exec(text)?.[1];
  const size = /^size (\d+)$/m.exec(text)?.[1];
  return size === String(entry.size) && (await digest(createHash('sha256'), entry)) === sha256;
}

async function digest(hash: Hash, { kind, target, source }: PackEntry): Promise<string> {
  if (kind === 'symlink') hash.update(target, 'latin1');
  else for await (const chunk of createReadStream(source)) hash.update(chunk);
  return hash.digest('hex');
}

/** One entry of git's index. */
export interface TrackedFile {
  /** Relative to the directory that is published; a latin1 string of its bytes. */
  readonly path: string;
  /** The id of its blob, or a submodule's commit. */
  readonly object: string;
  readonly kind: 'file' | 'symlink' | 'submodule';
  readonly executable: boolean;
  /** Whether a sparse checkout omits it (skip-worktree). */
  readonly sparse: boolean;
  /** Whether git does not check it for changes (skip-worktree or assume-unchanged). */
  readonly unwatched: boolean;
}

interface TrackedEntries {
  readonly entries: readonly PackEntry[];
  /** Whether an entry differs from the index in a way that `git status` may not show. */
  readonly changed: boolean;
}

/**
 * Tracked files as they are in the working tree, without deleted ones; of a submodule only its directory.
 * @param fileMode whether the file system has execute bits (core.fileMode); otherwise those of the index are used
 */
export async function entriesOf(
  directory: string,
  files: readonly TrackedFile[],
  fileMode: boolean,
): Promise<TrackedEntries> {
  const entries: PackEntry[] = [];
  const isBelowDirectories = parentCheck(directory);
  let changed = false;
  for (const file of files) {
    const found = (await isBelowDirectories(file.path)) ? await statEntry(directory, file.path) : undefined;
    if (found === undefined && file.sparse) {
      const name = printableName(file.path);
      throw new LocalFailure(
        'unreadable',
        `${name} is tracked but not in the working tree: end the sparse checkout with \`git sparse-checkout disable\`.`,
      );
    }
    if (found === undefined || (found.kind === 'directory') !== (file.kind === 'submodule')) {
      changed = true;
      continue;
    }
    const entry = fileMode || found.kind !== 'file' ? found : { ...found, executable: file.executable };
    entries.push(entry);
    changed ||= await differs(entry, file);
  }
  return { entries, changed };
}

async function differs(entry: PackEntry, file: TrackedFile): Promise<boolean> {
  if (file.kind === 'submodule') return false;
  if (entry.kind !== file.kind || entry.executable !== file.executable) return true;
  return file.unwatched && !(await hasContentOf(entry, file.object));
}

/** Whether all parents of a path are directories: files behind a symlink do not belong to the checkout. */
function parentCheck(directory: string): (path: string) => Promise<boolean> {
  const known = new Map<string, Promise<boolean>>();
  const isDirectory = async (path: string): Promise<boolean> =>
    (await areDirectories(path)) && (await statEntry(directory, path))?.kind === 'directory';
  const areDirectories = async (path: string): Promise<boolean> => {
    const slash = path.lastIndexOf('/');
    if (slash < 0) return true;
    const parent = path.slice(0, slash);
    const answer = known.get(parent) ?? isDirectory(parent);
    known.set(parent, answer);
    return answer;
  };
  return areDirectories;
}

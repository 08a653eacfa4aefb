import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { LocalFailure, printableName } from '../archive-refused.ts';
import { type PackEntry, statEntry } from './entries.ts';

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

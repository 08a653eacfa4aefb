import { LocalFailure } from './local-failure.ts';
import type { PackEntry } from './pack/pack-entry.ts';
import { statEntry } from './pack/stat-entry.ts';
import { printableName } from './printable-name.ts';
import { hasContentOf } from './tracked-content.ts';

/** One entry of git's index. */
export interface TrackedFile {
  /** Below the directory that is published; bytes as a latin1 string. */
  readonly path: string;
  /** The id of its blob, or a submodule's commit. */
  readonly object: string;
  readonly kind: 'file' | 'symlink' | 'submodule';
  readonly executable: boolean;
  /** Whether a sparse checkout leaves it out (skip-worktree). */
  readonly sparse: boolean;
  /** Whether git does not look for changes in it (skip-worktree or assume-unchanged). */
  readonly unwatched: boolean;
}

interface TrackedEntries {
  readonly entries: readonly PackEntry[];
  /** Whether one differs from the index in a way that `git status` may not show. */
  readonly changed: boolean;
}

/**
 * Tracked files as they lie in the working tree, without those that were deleted; a submodule is its directory alone.
 * @param fileMode whether the file system knows execute bits (core.fileMode); the index has them otherwise
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

/** Whether only directories lie above a path. Behind a symlink would be files that are not the checkout's. */
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

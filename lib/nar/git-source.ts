import { ArchiveRefused } from './archive-refused.ts';
import { LocalFailure } from './local-failure.ts';
import type { PackEntry } from './pack/pack-entry.ts';
import { statEntry } from './pack/stat-entry.ts';
import { printableName } from './printable-name.ts';

export interface GitFacts {
  /** What is tracked, as it lies in the working tree. */
  readonly entries: readonly PackEntry[];
  /** The commit; absent before the first one and where it is not 40 hex digits. */
  readonly rev?: string;
  /** Absent in a shallow clone, which cannot count. */
  readonly revCount?: number;
  /** The time of the commit, in seconds. */
  readonly lastModified?: number;
  /** Tracked files differ from the commit: its rev does not name this content. */
  readonly dirty: boolean;
}

/** Runs `git` with these arguments in the directory that is published. */
export type RunGit = (
  args: readonly string[],
) => Promise<{ readonly code: number; readonly stdout: Buffer; readonly stderr: string }>;

/** Undefined where the directory is not in a git checkout. Below the root of a checkout, what is tracked below the directory. */
export async function gitFacts(directory: string, run: RunGit): Promise<GitFacts | undefined> {
  const inside = await run(['rev-parse', '--is-inside-work-tree']);
  if (inside.code !== 0 && /not a git repository/.test(inside.stderr)) return undefined;
  if (text(succeeded(inside)) !== 'true') return undefined;
  const head = await run(['rev-parse', '--quiet', '--verify', 'HEAD^{commit}']);
  const commit = head.code === 0 ? text(head.stdout) : undefined;
  const status = succeeded(await run(['status', '--porcelain', '-z', '--untracked-files=no', '--', '.']));
  const dirty = status.length > 0;
  const files = trackedFiles(succeeded(await run(['ls-files', '-z', '--stage'])));
  const entries = await entriesOf(directory, files, dirty);
  return { entries, dirty, ...(commit !== undefined && (await commitFacts(commit, run))) };
}

async function commitFacts(commit: string, run: RunGit): Promise<Pick<GitFacts, 'rev' | 'revCount' | 'lastModified'>> {
  const ask = async (...args: readonly string[]) => text(succeeded(await run(args)));
  const lastModified = Number(await ask('log', '-1', '--no-show-signature', '--format=%ct', commit));
  const shallow = (await ask('rev-parse', '--is-shallow-repository')) === 'true';
  const revCount = shallow ? undefined : Number(await ask('rev-list', '--count', commit));
  return {
    lastModified,
    ...(/^[0-9a-f]{40}$/.test(commit) && { rev: commit }),
    ...(revCount !== undefined && { revCount }),
  };
}

/** `<mode> <object> <stage>\t<path>\0` each; the paths as latin1 strings. */
function trackedFiles(output: Buffer): readonly string[] {
  const records = output.toString('latin1').split('\0').slice(0, -1);
  return records.map((record) => {
    const tab = record.indexOf('\t');
    const [mode, , stage] = record.slice(0, tab).split(' ');
    const path = record.slice(tab + 1);
    if (mode === '160000') throw new ArchiveRefused('is a submodule, which is not packed', path);
    if (stage !== '0') throw new ArchiveRefused('has a merge conflict', path);
    return path;
  });
}

async function entriesOf(directory: string, paths: readonly string[], dirty: boolean): Promise<readonly PackEntry[]> {
  const entries: PackEntry[] = [];
  for (const path of paths) {
    const entry = await statEntry(directory, path);
    if (entry !== undefined && entry.kind !== 'directory') entries.push(entry);
    else if (!dirty) {
      // A sparse checkout: git calls it clean although files are not there.
      throw new LocalFailure('unreadable', `${printableName(path)} is tracked but not in the working tree.`);
    }
  }
  return entries;
}

function succeeded({ code, stdout, stderr }: Awaited<ReturnType<RunGit>>): Buffer {
  if (code === 0) return stdout;
  const line = printableName(Buffer.from(stderr.trim().split('\n')[0] ?? '').toString('latin1'));
  throw new LocalFailure('unreadable', `git failed: ${line}`);
}

function text(output: Buffer): string {
  return output.toString('latin1').trim();
}

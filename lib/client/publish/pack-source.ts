import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { InvalidInput } from '../../domain/problem.ts';
import type { ReleaseFacts } from '../../domain/release.ts';
import { LocalFailure, printableName } from '../../nar/archive-refused.ts';
import { gitFacts } from '../../nar/pack/git.ts';
import { packDirectory, walkDirectory } from '../../nar/pack/pack-directory.ts';
import { findRepository, gitRunner, isInsideDotGit, lfsPointers, type Repository } from '../../nar/pack/repository.ts';
import type { PackEntry } from '../../nar/pack/write-tar.ts';
import { spoolDirectory } from '../../nar/spool.ts';
import type { Progress } from '../text.ts';

/** What of a directory is packed. */
export interface PackRules {
  /** Whether a checkout with changes is packed, without a rev. */
  readonly allowDirty: boolean;
  /** Whether git is not asked and every file is packed. */
  readonly ignoreGit: boolean;
  readonly submodules: boolean;
  readonly allowLfsPointers: boolean;
  /** Whether the archive also gets the files by which a channel of nixpkgs tells its version. */
  readonly versionFiles: boolean;
}

interface Source {
  readonly directory: string;
  /** Of the file that is made. */
  readonly path: string;
  /** What was said on the command line; it comes before what git says. */
  readonly facts: Omit<ReleaseFacts, 'sha256' | 'narHash'>;
  readonly rules: PackRules;
  readonly fileExtension: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly progress: Progress;
  readonly note: (sentence: string) => void;
}

interface PackedSource {
  readonly path: string;
  readonly facts: Omit<ReleaseFacts, 'sha256' | 'narHash'>;
}

/** The newest modification time of entries, in whole seconds. */
async function newestTime(entries: readonly PackEntry[]): Promise<number> {
  let newest = 0;
  for (const { source } of entries) newest = Math.max(newest, Math.floor((await lstat(source)).mtimeMs / 1_000));
  return newest;
}

interface Content {
  readonly entries: readonly PackEntry[];
  readonly facts: Pick<ReleaseFacts, 'rev' | 'revCount' | 'lastModified'>;
}

const everyFile = 'pass --no-git to pack every file, also those that git ignores';

/** A checkout is never taken for a plain directory: where there is one, git answers or nothing is packed. */
async function contentOf(source: Source): Promise<Content> {
  const { directory, rules, environment } = source;
  if (rules.ignoreGit) {
    if (await isInsideDotGit(directory)) throw new InvalidInput('file', `${directory} is inside a .git.`);
    return { entries: await walkDirectory(directory, { leaveOutGit: true }), facts: {} };
  }
  const repository = await findRepository(directory);
  if (repository !== undefined) return readCheckout(source, repository);
  const variable = ['GIT_DIR', 'GIT_WORK_TREE'].find((name) => environment[name]);
  if (variable !== undefined)
    throw new InvalidInput(
      'file',
      `${directory} has no .git, and ${variable} is set, which is not used here: unset it, or ${everyFile}.`,
    );
  return { entries: await walkDirectory(directory), facts: {} };
}

async function readCheckout(source: Source, { path: top, bare }: Repository): Promise<Content> {
  const { directory, rules, environment, note } = source;
  const { allowDirty, submodules, allowLfsPointers } = rules;
  const refuse = (sentence: string): InvalidInput => new InvalidInput('file', sentence);
  if (bare) throw refuse(`${directory} is a git repository itself, not a checkout: clone it and publish the clone.`);
  const git = await gitFacts(top, directory, { run: gitRunner(environment), submodules }).catch((error: unknown) => {
    if (!(error instanceof LocalFailure) || !['unreadable', 'unsupported'].includes(error.kind)) throw error;
    const place = printableName(Buffer.from(top).toString('latin1'));
    throw new LocalFailure(
      error.kind,
      `The git checkout ${place} cannot be read: ${error.message} Fix that, or ${everyFile}.`,
      { cause: error },
    );
  });
  const { entries, dirty, untracked, rev, revCount, lastModified } = git;
  if (entries.length === 0) throw refuse(`git tracks no file in ${directory}: add some, or ${everyFile}.`);
  if (dirty && !allowDirty)
    throw refuse(
      `${directory} has changes that are not committed: commit them, or publish without a rev by --allow-dirty.`,
    );
  if (!allowLfsPointers) await assertNoLfsPointers(entries);
  if (untracked > 0)
    note(untracked === 1 ? '1 untracked file is left out' : `${untracked} untracked files are left out`);
  const time = lastModified === undefined ? {} : { lastModified };
  if (dirty) return { entries, facts: time };
  return {
    entries,
    facts: { ...time, ...(rev === undefined ? {} : { rev }), ...(revCount === undefined ? {} : { revCount }) },
  };
}

async function assertNoLfsPointers(entries: readonly PackEntry[]): Promise<void> {
  const [first, ...others] = await lfsPointers(entries);
  if (first === undefined) return;
  const more = others.length === 0 ? '' : ` (and so ${others.length === 1 ? 'is 1' : `are ${others.length}`} more)`;
  throw new InvalidInput(
    'file',
    `${printableName(first.path)} is a Git LFS pointer instead of the file${more}: run \`git lfs pull\`, or pass --allow-lfs-pointers.`,
  );
}

/** Where a directory is packed: a place of its own each time. */
export const packedPath = (environment: NodeJS.ProcessEnv, fileExtension: string): string =>
  join(spoolDirectory(environment), `channelctl-${randomUUID()}${fileExtension}`);

export const noSpace = (environment: NodeJS.ProcessEnv): LocalFailure =>
  new LocalFailure(
    'no-space',
    `There is no room for the archive in ${spoolDirectory(environment)}: set TMPDIR to another directory.`,
  );

/** Writes a new file that only this user can read. */
export async function writeNewFile(
  path: string,
  bytes: AsyncIterable<Uint8Array | string>,
  environment: NodeJS.ProcessEnv,
): Promise<void> {
  try {
    await pipeline(Readable.from(bytes), createWriteStream(path, { mode: 0o600, flags: 'wx' }));
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'ENOSPC' ? noSpace(environment) : error;
  }
}

/** As many digits as the channels of nixpkgs have. */
const shortRevDigits = 12;

/**
 * The entries with `.version-suffix` and `.git-revision`, which nixpkgs reads its version from (lib/trivial.nix). Neither has a
 * newline at its end, as in the tarballs of nixpkgs' own channels (nixos/lib/make-channel.nix).
 */
function withVersionFiles(entries: readonly PackEntry[], { rev, revCount }: ReleaseFacts): readonly PackEntry[] {
  if (rev === undefined || revCount === undefined) {
    const missing = rev === undefined ? 'rev' : 'revCount';
    throw new InvalidInput(
      'versionFiles',
      `--version-files needs a rev and a revCount, and there is no ${missing}: publish a checkout without changes and with its whole history, or give --rev and --rev-count.`,
    );
  }
  const files = { '.git-revision': rev, '.version-suffix': `pre${revCount}.${rev.slice(0, shortRevDigits)}` };
  const written = Object.entries(files).map(([path, text]): PackEntry => {
    const content = Buffer.from(text);
    const source = Buffer.from(path);
    return { path, kind: 'file', executable: false, target: '', source, content, size: content.length };
  });
  return [...entries.filter(({ path }) => !Object.hasOwn(files, path)), ...written];
}

/** Packs a directory, or what git tracks of it, into a file that is the same for the same content. */
export async function packSource(source: Source): Promise<PackedSource> {
  const { directory, path, rules, fileExtension, environment, progress } = source;
  const { entries: found, facts: known } = await contentOf(source);
  if (found.length === 0) throw new InvalidInput('file', `${directory} has nothing to publish.`);
  const facts = { ...known, ...source.facts };
  const lastModified = facts.lastModified ?? (await newestTime(found));
  const entries = rules.versionFiles ? withVersionFiles(found, facts) : found;
  let read = 0;
  const onRead = (bytes: number): void => {
    read += bytes;
    progress.bytes(read);
  };
  progress.begin(
    'packing',
    entries.reduce((sum, { size }) => sum + size, 0),
  );
  progress.bytes(0);
  try {
    await writeNewFile(path, packDirectory(entries, { extension: fileExtension, lastModified, onRead }), environment);
  } finally {
    progress.end();
  }
  return { path, facts: { ...facts, lastModified } };
}

import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { ArchiveRefused, LocalFailure, printableName } from '../archive-refused.ts';
import {
  entriesOf,
  type GitAnswer,
  isFileOfPointer,
  type RunGit,
  type TrackedFile,
  withoutFilters,
} from './repository.ts';
import type { PackEntry } from './write-tar.ts';

export interface GitFacts {
  /** The tracked files, as they are in the working tree. */
  readonly entries: readonly PackEntry[];
  /** Absent when there is no commit yet, or when its id does not have 40 hex digits. */
  readonly rev?: string;
  /** Absent in a shallow clone. */
  readonly revCount?: number;
  /** The time of the commit, in seconds. */
  readonly lastModified?: number;
  /** Tracked files differ from the commit: its rev does not name this content. */
  readonly dirty: boolean;
  /** The number of files that are neither tracked nor ignored; they are not among the entries. */
  readonly untracked: number;
}

interface GitOptions {
  readonly run: RunGit;
  /** Whether submodules are packed as they are checked out instead of refused. */
  readonly submodules: boolean;
}

type Ask = (...args: readonly string[]) => Promise<GitAnswer>;

/**
 * What git says about a directory, the root of the checkout at `top` or one below it. Throws LocalFailure unless git answers, and for
 * that checkout.
 */
export async function gitFacts(top: string, directory: string, options: GitOptions): Promise<GitFacts> {
  const ask = await askOf(top, directory, options.run);
  const head = await ask('rev-parse', '--quiet', '--verify', 'HEAD^{commit}');
  const commit = head.code === 0 ? text(head.stdout) : undefined;
  const files = trackedFiles(succeeded(await ask('ls-files', '-z', '--stage', '-v')));
  const mode = await ask('config', '--type=bool', '--default=true', '--get', 'core.fileMode');
  const tree = await entriesOf(directory, files, text(succeeded(mode)) === 'true');
  const byPath = new Map(tree.entries.map((entry) => [entry.path, entry]));
  const below = await submodulesOf(directory, files, byPath, options);
  const differs = tree.changed || (await isChanged(await changedPaths(ask), byPath, files, ask));
  return {
    entries: [...tree.entries, ...below.flatMap(({ entries }) => entries)],
    dirty: differs || below.some(({ dirty }) => dirty),
    untracked: below.reduce((sum, { untracked }) => sum + untracked, await countUntracked(ask)),
    ...(commit !== undefined && (await commitFacts(commit, ask))),
  };
}

/** Makes sure that git answers for this checkout, and turns its filters off. */
async function askOf(top: string, directory: string, run: RunGit): Promise<Ask> {
  const found = await run(directory, ['rev-parse', '--show-toplevel']);
  if (found.code !== 0) throw unanswered(top, found.stderr);
  const said = found.stdout.subarray(0, -1);
  const [expected, actual] = await Promise.all([stat(top), stat(said).catch(() => undefined)]);
  if (actual === undefined || actual.ino !== expected.ino || actual.dev !== expected.dev)
    throw new LocalFailure('unreadable', `git says that the checkout is at ${printableName(said.toString('latin1'))}.`);
  const filters = await run(directory, ['config', '-z', '--name-only', '--get-regexp', '^filter\\.']);
  // git exits with 1 if there is none.
  const off = withoutFilters(filters.code === 1 ? Buffer.alloc(0) : succeeded(filters));
  return (...args) => run(directory, [...off, ...args]);
}

function unanswered(top: string, stderr: string): LocalFailure {
  const line = printableName(stderr.trim().split('\n')[0] ?? '');
  const place = printableName(Buffer.from(top).toString('latin1'));
  const trust = line.includes('dubious ownership')
    ? `, so if you trust it, run \`git config --global --add safe.directory '${place}'\``
    : '';
  return new LocalFailure('unreadable', `git says "${line}"${trust}.`);
}

async function commitFacts(commit: string, ask: Ask): Promise<Pick<GitFacts, 'rev' | 'revCount' | 'lastModified'>> {
  const answer = async (...args: readonly string[]) => text(succeeded(await ask(...args)));
  const lastModified = Number((await answer('rev-list', '--max-count=1', '--timestamp', commit)).split(' ')[0]);
  const shallow = (await answer('rev-parse', '--is-shallow-repository')) === 'true';
  const revCount = shallow ? undefined : Number(await answer('rev-list', '--count', commit));
  return {
    lastModified,
    ...(/^[0-9a-f]{40}$/.test(commit) && { rev: commit }),
    ...(revCount !== undefined && { revCount }),
  };
}

async function countUntracked(ask: Ask): Promise<number> {
  const others = succeeded(await ask('ls-files', '-z', '--others', '--exclude-standard', '--', '.'));
  return others.toString('latin1').split('\0').length - 1;
}

/** `<tag> <mode> <object> <stage>\t<path>\0` each. */
function trackedFiles(output: Buffer): readonly TrackedFile[] {
  const records = output.toString('latin1').split('\0').slice(0, -1);
  return records.map((record) => {
    const tab = record.indexOf('\t');
    const [tag = '', mode = '', object = '', stage] = record.slice(0, tab).split(' ');
    const path = record.slice(tab + 1);
    if (stage !== '0') throw new ArchiveRefused('has a merge conflict', path);
    const kind = mode === '160000' ? 'submodule' : mode === '120000' ? 'symlink' : 'file';
    return { path, object, kind, executable: mode === '100755', sparse: /s/i.test(tag), unwatched: tag !== 'H' };
  });
}

interface ChangedPath {
  /** Two letters: index against commit, and working tree against index. */
  readonly change: string;
  /** Relative to the directory. */
  readonly path: string;
}

async function changedPaths(ask: Ask): Promise<readonly ChangedPath[]> {
  // Only the commit of a submodule is compared: otherwise git would run another git in it, with its filters.
  const how = ['--porcelain', '-z', '--untracked-files=no', '--no-renames', '--ignore-submodules=dirty'];
  const status = succeeded(await ask('status', ...how, '--', '.'));
  const prefix = succeeded(await ask('rev-parse', '--show-prefix')).length - 1;
  const records = status.toString('latin1').split('\0').slice(0, -1);
  return records.map((record) => ({ change: record.slice(0, 2), path: record.slice(3 + prefix) }));
}

/** With its filter off, files of Git LFS count as changed; they are compared with the pointer in the index. */
async function isChanged(
  changed: readonly ChangedPath[],
  entries: ReadonlyMap<string, PackEntry>,
  files: readonly TrackedFile[],
  ask: Ask,
): Promise<boolean> {
  if (changed.length === 0) return false;
  const tracked = new Map(files.map((file) => [file.path, file]));
  for (const { change, path } of changed) {
    const entry = entries.get(path);
    const file = tracked.get(path);
    if (change !== ' M' || entry === undefined || file?.kind !== 'file') return true;
    const pointer = succeeded(await ask('cat-file', 'blob', file.object));
    if (!(await isFileOfPointer(entry, pointer))) return true;
  }
  return false;
}

/** A submodule with changes or at another commit than the recorded one makes the checkout dirty. */
async function submoduleFacts(
  directory: string,
  { path, object }: TrackedFile,
  options: GitOptions,
): Promise<GitFacts> {
  const name = Buffer.from(path, 'latin1').toString('utf8');
  if (Buffer.from(name).toString('latin1') !== path)
    throw new ArchiveRefused('is a submodule whose name is not UTF-8', path);
  const place = `${directory}/${name}`;
  const facts = await gitFacts(place, place, options);
  const entries = facts.entries.map((entry) => ({ ...entry, path: `${path}/${entry.path}` }));
  return { ...facts, entries, dirty: facts.dirty || (facts.rev !== undefined && facts.rev !== object) };
}

async function submodulesOf(
  directory: string,
  files: readonly TrackedFile[],
  entries: ReadonlyMap<string, PackEntry>,
  options: GitOptions,
): Promise<readonly GitFacts[]> {
  const below: GitFacts[] = [];
  for (const file of files.filter(({ kind }) => kind === 'submodule')) {
    const { path } = file;
    const entry = entries.get(path);
    const checkedOut = entry !== undefined && existsSync(Buffer.concat([entry.source, Buffer.from('/.git')]));
    const init = 'check it out with `git submodule update --init --recursive`';
    if (!options.submodules)
      throw new ArchiveRefused(`is a submodule: ${checkedOut ? '' : `${init}, and `}pack it with --submodules`, path);
    if (!checkedOut) throw new ArchiveRefused(`is a submodule that is not checked out: ${init}`, path);
    below.push(await submoduleFacts(directory, file, options));
  }
  return below;
}

function succeeded({ code, stdout, stderr }: GitAnswer): Buffer {
  if (code === 0) return stdout;
  throw new LocalFailure('unreadable', `git says "${printableName(stderr.trim().split('\n')[0] ?? '')}".`);
}

function text(output: Buffer): string {
  return output.toString('latin1').trim();
}

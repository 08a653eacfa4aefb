import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { InvalidInput } from '../domain/problem.ts';
import type { ReleaseFacts } from '../domain/release-facts.ts';
import { gitFacts } from '../nar/git-source.ts';
import { LocalFailure } from '../nar/local-failure.ts';
import { packDirectory } from '../nar/pack/pack-directory.ts';
import type { PackEntry } from '../nar/pack/pack-entry.ts';
import { walkDirectory } from '../nar/pack/walk-directory.ts';
import { runGitIn } from '../nar/run-git.ts';
import { spoolDirectory } from '../nar/spool-directory.ts';

export interface Source {
  readonly directory: string;
  /** Of the file that is made. */
  readonly path: string;
  /** What was said on the command line; it comes before what git says. */
  readonly facts: Omit<ReleaseFacts, 'sha256' | 'narHash'>;
  readonly allowDirty: boolean;
  readonly fileExtension: string;
  readonly environment: NodeJS.ProcessEnv;
  /** Says what is being done, since packing can take a while. */
  readonly note: (sentence: string) => void;
}

export interface PackedSource {
  readonly path: string;
  readonly facts: Omit<ReleaseFacts, 'sha256' | 'narHash'>;
}

/** The newest modification time of entries, in whole seconds. */
async function newestTime(entries: readonly PackEntry[]): Promise<number> {
  let newest = 0;
  for (const { source } of entries) newest = Math.max(newest, Math.floor((await lstat(source)).mtimeMs / 1_000));
  return newest;
}

async function read({
  directory,
  allowDirty,
  environment,
}: Source): Promise<{ readonly entries: readonly PackEntry[]; readonly facts: ReleaseFacts }> {
  const git = await gitFacts(directory, runGitIn(directory, environment)).catch((error: unknown) => {
    // Without git there is no checkout to be read as one.
    if (error instanceof LocalFailure && error.kind === 'unsupported') return undefined;
    throw error;
  });
  if (git === undefined) return { entries: await walkDirectory(directory), facts: {} };
  const { entries, dirty, rev, revCount, lastModified } = git;
  if (dirty && !allowDirty)
    throw new InvalidInput(
      'file',
      `${directory} has changes that are not committed: commit them, or publish without a rev by --allow-dirty.`,
    );
  const time = lastModified === undefined ? {} : { lastModified };
  if (dirty) return { entries, facts: time };
  return {
    entries,
    facts: { ...time, ...(rev === undefined ? {} : { rev }), ...(revCount === undefined ? {} : { revCount }) },
  };
}

/** Where a directory is packed: a place of its own each time. */
export const packedPath = (environment: NodeJS.ProcessEnv, fileExtension: string): string =>
  join(spoolDirectory(environment), `channelctl-${randomUUID()}${fileExtension}`);

/** Packs a directory, or what git tracks of it, into a file that is the same for the same content. */
export async function packSource(source: Source): Promise<PackedSource> {
  const { directory, path, fileExtension, environment, note } = source;
  const { entries, facts: found } = await read(source);
  if (entries.length === 0) throw new InvalidInput('file', `${directory} has nothing to publish.`);
  note(`packing ${entries.length} entries of ${directory}`);
  const facts = { ...found, ...source.facts };
  const lastModified = facts.lastModified ?? (await newestTime(entries));
  try {
    await pipeline(
      Readable.from(packDirectory(entries, { extension: fileExtension, lastModified })),
      createWriteStream(path, { mode: 0o600, flags: 'wx' }),
    );
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOSPC')
      throw new LocalFailure(
        'no-space',
        `There is no room for the archive in ${spoolDirectory(environment)}: set TMPDIR to another directory.`,
      );
    throw error;
  }
  return { path, facts: { ...facts, lastModified } };
}

/** `{channel}-{date}-{short rev or hash}`, the date that of the last modification in UTC. */
export function packedName(channel: string, { rev, lastModified }: PackedSource['facts'], narHash: string): string {
  const date = new Date((lastModified ?? 0) * 1_000).toISOString().slice(0, 10);
  const hash = Buffer.from(narHash.slice('sha256-'.length), 'base64').toString('hex');
  return `${channel}-${date}-${(rev ?? hash).slice(0, 7)}`;
}

import { parse as parsePath } from 'node:path';
import { planParts } from '../domain/part-plan.ts';
import { findPrograms } from '../nar/decode/programs.ts';
import { type InspectedFile, inspect } from '../nar/inspect.ts';
import { spoolDirectory } from '../nar/spool-directory.ts';
import { isTarballName } from '../nar/tarball-name.ts';
import type { Progress } from './progress.ts';
import { sizeOfFile } from './size-of-file.ts';

export interface LookOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly progress: Progress;
  /** Bytes; the reader's own limit otherwise. */
  readonly maxUnpacked?: number | undefined;
}

/** What is to be said of a file that is not looked into, or undefined. */
export function unlookedNote(path: string): string | undefined {
  if (isTarballName(path)) return undefined;
  const { base } = parsePath(path);
  return path.endsWith('.zip')
    ? `${base} is not looked into: a zip is published as it is.`
    : `${base} is a plain file to Nix, which cannot lock it.`;
}

/** Everything that is known of a file, by one read of it. Throws what speaks against publishing it. */
export async function lookAtFile(
  path: string,
  { environment, progress, maxUnpacked }: LookOptions,
): Promise<InspectedFile> {
  const size = await sizeOfFile(path);
  progress.begin('hashing', size);
  return inspect(path, {
    partSize: planParts(size).partSize,
    spoolDirectory: spoolDirectory(environment),
    programs: await findPrograms(environment.PATH),
    onProgress: progress.bytes,
    ...(maxUnpacked === undefined ? {} : { limits: { maxUnpacked } }),
  }).finally(progress.end);
}

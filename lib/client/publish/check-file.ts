import { stat } from 'node:fs/promises';
import { parse as parsePath } from 'node:path';
import { InvalidInput } from '../../domain/problem.ts';
import { planParts } from '../../domain/release.ts';
import { findPrograms, requiredBzip2 } from '../../nar/decode/by-program.ts';
import { assertReadsZstd } from '../../nar/decode/by-zlib.ts';
import { isTarballName, type Programs } from '../../nar/file.ts';
import { type ArchiveWarning, type InspectedFile, inspectFile } from '../../nar/inspect.ts';
import { spoolDirectory } from '../../nar/spool.ts';
import type { Progress } from '../text.ts';

export const refuseFile = (path: string, reason: string): InvalidInput =>
  new InvalidInput('file', `${path} ${reason}.`);

export async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** The size in bytes of a file that can be published; throws if it does not exist, is not a file, is empty or cannot be read. */
export async function sizeOfFile(path: string): Promise<number> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw refuseFile(path, error.code === 'ENOENT' ? 'is not there' : `cannot be read (${error.code})`);
  });
  if (!found.isFile()) throw refuseFile(path, 'is not a regular file');
  if (found.size === 0) throw refuseFile(path, 'is empty');
  return found.size;
}

interface LookOptions {
  /** False: the file is only hashed. */
  readonly look?: boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly progress: Progress;
  /** Bytes; the reader's own limit otherwise. */
  readonly maxUnpacked?: number | undefined;
}

/** What the user should know about a file that is not unpacked; undefined for one that is. */
export function uninspectedNote(path: string, look = true): string | undefined {
  const { base } = parsePath(path);
  if (!look && (isTarballName(path) || path.endsWith('.zip')))
    return `${base} is only hashed: whether Nix can unpack it, and to which narHash, was not checked.`;
  if (isTarballName(path)) return undefined;
  return path.endsWith('.zip')
    ? `Of ${base} only the names are looked at: a zip is not unpacked, and its narHash and date are not known.`
    : `${base} is a plain file to Nix, which cannot lock it.`;
}

/** One line for a terminal. */
export const warningText = ({ message }: ArchiveWarning): string => `warning: ${message}`;

/** The programs that help to read a file; throws early if it cannot be read without one that is missing. */
export async function programsFor(path: string, environment: LookOptions['environment']): Promise<Programs> {
  const programs = await findPrograms(environment.PATH);
  if (path.endsWith('.tar.zst')) assertReadsZstd(programs);
  if (path.endsWith('.tar.bz2')) requiredBzip2(programs);
  return programs;
}

/** Everything that one read of a file finds. Throws if it must not be published. */
export async function checkFile(
  path: string,
  { look = true, environment, progress, maxUnpacked }: LookOptions,
): Promise<InspectedFile> {
  const size = await sizeOfFile(path);
  const programs = look ? await programsFor(path, environment) : {};
  progress.begin('hashing', size);
  return inspectFile(path, {
    partSize: planParts(size).partSize,
    spoolDirectory: spoolDirectory(environment),
    programs,
    digestsOnly: !look,
    onProgress: progress.bytes,
    ...(maxUnpacked === undefined ? {} : { limits: { maxUnpacked } }),
  }).finally(progress.end);
}

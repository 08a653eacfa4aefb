import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import { LocalFailure } from '../local-failure.ts';

/** Paths of programs that decode. */
export interface Programs {
  /** Faster than what is built in. */
  readonly xz?: string;
  /** Nothing else reads bzip2. */
  readonly bzip2?: string;
  /** For a Node without zstd. */
  readonly zstd?: string;
}

/** Throws where nothing on this machine reads bzip2. */
export function requiredBzip2({ bzip2 }: Programs): string {
  if (bzip2 !== undefined) return bzip2;
  throw new LocalFailure('unsupported', 'The program bzip2, which this archive needs, was not found: install bzip2.');
}

/** Looks along a PATH. The xz of BusyBox knows no -T0, so it has to call itself XZ Utils. */
export async function findPrograms(path: string | undefined): Promise<Programs> {
  const [xz, bzip2, zstd] = await Promise.all(['xz', 'bzip2', 'zstd'].map((name) => find(name, path)));
  const known = xz !== undefined && (await isXzUtils(xz));
  return { ...(known && { xz }), ...(bzip2 !== undefined && { bzip2 }), ...(zstd !== undefined && { zstd }) };
}

async function find(name: string, path = ''): Promise<string | undefined> {
  for (const directory of path.split(delimiter).filter(isAbsolute)) {
    const file = join(directory, name);
    const found = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return file;
  }
  return undefined;
}

function isXzUtils(program: string): Promise<boolean> {
  return new Promise((resolve) => {
    execFile(program, ['--version'], { timeout: 5000, env: {} }, (error, output) =>
      resolve(!error && output.includes('XZ Utils')),
    );
  });
}

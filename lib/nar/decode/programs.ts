import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';

/** Paths of programs that decode faster than what is built in, or what is not built in. */
export interface Programs {
  readonly xz?: string;
  readonly bzip2?: string;
  readonly zstd?: string;
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

import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const directory = fileURLToPath(new URL('../../node_modules/.cache/nix-channel-lambda-bench/', import.meta.url));

/** The path of a file that is made once for all runs; under its name it is always whole. */
export async function cached(name: string, make: (path: string) => Promise<void>): Promise<string> {
  const path = join(directory, name);
  const known = await stat(path).then(
    () => true,
    () => false,
  );
  if (known) return path;
  await mkdir(directory, { recursive: true });
  const unfinished = `${path}.${process.pid}`;
  try {
    await make(unfinished);
    await rename(unfinished, path);
  } finally {
    await rm(unfinished, { force: true });
  }
  return path;
}

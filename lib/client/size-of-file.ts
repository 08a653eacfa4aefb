import { stat } from 'node:fs/promises';
import { InvalidInput } from '../domain/problem.ts';

export const refuseFile = (path: string, reason: string): InvalidInput =>
  new InvalidInput('file', `${path} ${reason}.`);

export async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** The size in bytes of a file that can be published; throws for one that is not there, no file, empty or not to be read. */
export async function sizeOfFile(path: string): Promise<number> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw refuseFile(path, error.code === 'ENOENT' ? 'is not there' : `cannot be read (${error.code})`);
  });
  if (!found.isFile()) throw refuseFile(path, 'is no regular file');
  if (found.size === 0) throw refuseFile(path, 'is empty');
  return found.size;
}

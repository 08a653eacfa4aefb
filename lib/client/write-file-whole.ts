import { randomUUID } from 'node:crypto';
import { type FileHandle, link, open, readlink, realpath, rename, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { InvalidInput, Problem } from '../domain/problem.ts';
import { withTemporaryFile } from './temporary-file.ts';

export interface WholeFile {
  readonly content: string | Buffer;
  readonly mode: number;
  /** Whether a file that is there gives way. */
  readonly replace: boolean;
}

/** What is refused where a file must not be written over. */
export const fileExists = (path: string): Problem =>
  new Problem(409, 'exists', `${path} already exists and is not overwritten: give --force, or another name.`);

/** The file that a link leads to, so that the link stays one; it need not be there. */
export async function fileBehind(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    const target = await readlink(path).catch(() => undefined);
    return target === undefined ? path : fileBehind(resolve(await realpath(dirname(path)), target));
  }
}

/** A device, a pipe or a directory must not give way to a file. */
async function assertReplaceable(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() === false)
    throw new InvalidInput('file', `${path} is no regular file, and is not written over: take another name.`);
}

/** Root's copy would lock out the user whose file it was. */
async function keepOwner(temporary: FileHandle, target: string): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const owner = await stat(target).catch(() => undefined);
  if (owner !== undefined) await temporary.chown(owner.uid, owner.gid);
}

/** With these a file system or a directory's mode says that it cannot be synced, which takes nothing from what was written. */
const unsyncable = new Set(['EACCES', 'EPERM', 'EISDIR', 'EINVAL', 'ENOTSUP']);

/** Puts the name of a file on disk: its content alone survives a loss of power, but not the rename. */
async function syncDirectory(path: string): Promise<void> {
  try {
    await using directory = await open(path, 'r');
    await directory.sync();
  } catch (error) {
    if (!unsyncable.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

/**
 * Writes a file that is there with all of its content and its mode, or is not there: a crash or a loss of power leaves the old
 * one. write-file-atomic would not do: it syncs no directory, and cannot leave a file that is there alone.
 */
export async function writeFileWhole(path: string, { content, mode, replace }: WholeFile): Promise<void> {
  await assertReplaceable(path);
  const target = await fileBehind(path);
  const temporary = `${target}.${randomUUID()}.tmp`;
  await withTemporaryFile(temporary, async () => {
    {
      await using file = await open(temporary, 'wx', 0o600);
      await file.writeFile(content);
      await file.chmod(mode);
      if (replace) await keepOwner(file, target);
      await file.sync();
    }
    if (replace) await rename(temporary, target);
    else
      await link(temporary, target).catch((error: NodeJS.ErrnoException) => {
        throw error.code === 'EEXIST' ? fileExists(path) : error;
      });
    await syncDirectory(dirname(target));
  });
}

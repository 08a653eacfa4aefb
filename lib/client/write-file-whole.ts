import { randomUUID } from 'node:crypto';
import { chmod, chown, link, readlink, realpath, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { Conflict, InvalidInput } from '../domain/problem.ts';
import { withTemporaryFile } from './temporary-file.ts';

export interface WholeFile {
  readonly content: string | Buffer;
  readonly mode: number;
  /** Whether a file that is there gives way. */
  readonly replace: boolean;
}

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
async function keepOwner(temporary: string, target: string): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const owner = await stat(target).catch(() => undefined);
  if (owner !== undefined) await chown(temporary, owner.uid, owner.gid);
}

/** Writes a file that is there with all of its content and its mode, or is not there: a crash leaves the old one. */
export async function writeFileWhole(path: string, { content, mode, replace }: WholeFile): Promise<void> {
  await assertReplaceable(path);
  const target = await fileBehind(path);
  const temporary = `${target}.${randomUUID()}.tmp`;
  await withTemporaryFile(temporary, async () => {
    await writeFile(temporary, content, { mode: 0o600, flag: 'wx' });
    await chmod(temporary, mode);
    if (replace) {
      await keepOwner(temporary, target);
      return rename(temporary, target);
    }
    await link(temporary, target).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
      throw new Conflict('exists', `${path} is there already, and is not written over: give --force, or another name.`);
    });
  });
}

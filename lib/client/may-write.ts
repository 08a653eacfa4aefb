import { access, constants, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileBehind } from './write-file-whole.ts';

/** Whether writeFileWhole, which makes another file beside it first, can write it for this user. */
export async function mayWrite(path: string): Promise<boolean> {
  try {
    const target = await fileBehind(path);
    await access(dirname(target), constants.W_OK);
    const found = await stat(target).catch(() => undefined);
    return found === undefined || found.isFile();
  } catch {
    return false;
  }
}

import { readFile, stat } from 'node:fs/promises';

/** A netrc file as Nix finds it. `text` has one character a byte. */
export type NetrcFile =
  | { readonly state: 'readable'; readonly text: string; readonly mode: number }
  | { readonly state: 'absent' }
  | { readonly state: 'unreadable'; readonly code: string };

export async function netrcFile(path: string): Promise<NetrcFile> {
  try {
    return { state: 'readable', text: await readFile(path, 'latin1'), mode: (await stat(path)).mode & 0o777 };
  } catch (error) {
    const { code = 'unknown' } = error as { code?: string };
    return code === 'ENOENT' ? { state: 'absent' } : { state: 'unreadable', code };
  }
}

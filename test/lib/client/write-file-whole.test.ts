import { fstatSync, lstatSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { type FileHandle, open, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { writeFileWhole } from '../../../lib/client/write-file-whole.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../../support/temporary-directory.ts';

let directory: TemporaryDirectory;
let path: string;

beforeEach(() => {
  directory = temporaryDirectory();
  path = join(directory.path, 'file');
});
afterEach(() => {
  jest.restoreAllMocks();
  directory.remove();
});

const contentOf = (file: string): string | undefined => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
};

/** What is synced from now on, with what the file holds at that moment. `fail` decides what a directory's sync ends with. */
async function watchSyncs(fail: () => Error | undefined = () => undefined): Promise<unknown[]> {
  const handle = await open(directory.path, 'r');
  const prototype = Object.getPrototypeOf(handle) as FileHandle;
  await handle.close();
  const seen: unknown[] = [];
  const { sync } = prototype;
  jest.spyOn(prototype, 'sync').mockImplementation(async function (this: FileHandle) {
    const isDirectory = fstatSync(this.fd).isDirectory();
    seen.push([isDirectory ? 'directory' : 'file', contentOf(path)]);
    const failure = isDirectory ? fail() : undefined;
    if (failure !== undefined) throw failure;
    return sync.call(this);
  });
  return seen;
}

describe('a file that is written as a whole', () => {
  it.each([true, false])(
    'is on disk before its name leads to it, and then its name is (replace: %s)',
    async (replace) => {
      const before = replace ? 'old' : undefined;
      if (before !== undefined) await writeFile(path, before);
      const seen = await watchSyncs();
      await writeFileWhole(path, { content: 'new', mode: 0o640, replace });

      expect(seen).toEqual([
        ['file', before],
        ['directory', 'new'],
      ]);
      expect(statSync(path).mode & 0o777).toBe(0o640);
      expect(readdirSync(directory.path)).toEqual(['file']);
    },
  );

  it.each(['EINVAL', 'EPERM', 'EISDIR', 'ENOTSUP', 'EACCES'])(
    'is written where a directory cannot be synced (%s)',
    async (code) => {
      await watchSyncs(() => Object.assign(new Error(code), { code }));
      await writeFileWhole(path, { content: 'new', mode: 0o600, replace: true });

      expect(contentOf(path)).toBe('new');
    },
  );

  it('says so when the disk fails', async () => {
    await watchSyncs(() => Object.assign(new Error('EIO'), { code: 'EIO' }));

    await expect(writeFileWhole(path, { content: 'new', mode: 0o600, replace: true })).rejects.toThrow('EIO');
  });

  it('is the one that a link leads to, and the link stays', async () => {
    const link = join(directory.path, 'link');
    await symlink('file', link);
    await writeFileWhole(link, { content: 'new', mode: 0o600, replace: true });

    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(contentOf(path)).toBe('new');
  });

  it('leaves one that is there alone unless it may replace it', async () => {
    await writeFile(path, 'old');

    await expect(writeFileWhole(path, { content: 'new', mode: 0o600, replace: false })).rejects.toMatchObject({
      code: 'exists',
      message: `${path} already exists and is not overwritten: give --force, or another name.`,
    });
    expect(contentOf(path)).toBe('old');
    expect(readdirSync(directory.path)).toEqual(['file']);
  });
});

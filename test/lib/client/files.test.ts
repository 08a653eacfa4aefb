import { fstatSync, lstatSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { type FileHandle, open, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { readHidden, writeFileWhole } from '../../../lib/client/files.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../../support/temporary-directory.ts';

describe('readHidden', () => {
  /** A terminal on which somebody types, and what happens to it. */
  function terminalOf(typed: readonly (string | Buffer)[], failure?: Error) {
    const steps: string[] = [];
    async function* keys() {
      try {
        yield* typed;
        if (failure !== undefined) throw failure;
      } finally {
        steps.push('closed');
      }
    }
    const terminal = Object.assign(keys(), {
      isTTY: true,
      setRawMode: (on: boolean) => steps.push(on ? 'raw' : 'restored'),
    });
    return { steps, read: () => readHidden('Token: ', terminal, (text) => void steps.push(text)) };
  }

  const whole = ['raw', 'Token: ', 'restored', '\n', 'closed'];

  describe('a line that is read without being shown', () => {
    it.each([
      ['ends with Enter', ['abc\r'], 'abc'],
      ['ends with a line feed, as a pasted one does', ['abc\ndef'], 'abc'],
      ['ends with Ctrl-D', ['abc', '\x04'], 'abc'],
      ['loses its last sign by a backspace, of either kind', ['abcd\x7f', '\b', 'x\r'], 'abx'],
      ['stays empty at a backspace', ['\x7f\x7fa\r'], 'a'],
      ['is begun again at Ctrl-U', ['abc\x15d\r'], 'd'],
      ['may be empty', ['\r'], ''],
    ])('reads %s', async (_, typed, line) => {
      const { steps, read } = terminalOf(typed);
      expect([await read(), steps]).toEqual([line, whole]);
    });

    it('is whole in however many pieces it comes', async () => {
      const text = fc.string({ unit: fc.constantFrom(...'abcXYZ019._-') });
      await fc.assert(
        fc.asyncProperty(fc.array(text), async (pieces) => {
          const { read } = terminalOf([...pieces.map((piece) => Buffer.from(piece)), '\r', 'more']);
          expect(await read()).toBe(pieces.join(''));
        }),
        { seed: 11 },
      );
    });

    it('ends the command with 130 at Ctrl-C, with the terminal as it was', async () => {
      const { steps, read } = terminalOf(['abc\x03', 'def\r']);
      await expect(read()).rejects.toMatchObject({ exitCode: 130 });
      expect(steps).toEqual(whole);
    });

    it('leaves the terminal as it was where it cannot be read', async () => {
      const { steps, read } = terminalOf(['abc'], new Error('gone'));
      await expect(read()).rejects.toThrow('gone');
      expect(steps.filter((step) => ['raw', 'restored'].includes(step))).toEqual(['raw', 'restored']);
    });
  });
});

describe('writeFileWhole', () => {
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
        message: `${path} already exists: give --force to overwrite it, or another name.`,
      });
      expect(contentOf(path)).toBe('old');
      expect(readdirSync(directory.path)).toEqual(['file']);
    });
  });
});

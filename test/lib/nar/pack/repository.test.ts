import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { statEntry } from '../../../../lib/nar/pack/pack-directory.ts';
import {
  findRepository,
  hasContentOf,
  isFileOfPointer,
  isInsideDotGit,
  lfsPointers,
  withoutFilters,
} from '../../../../lib/nar/pack/repository.ts';
import type { PackEntry } from '../../../../lib/nar/pack/write-tar.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';

describe('findRepository', () => {
  const temporary = temporaryDirectory();
  afterAll(() => temporary.remove());

  let count = 0;

  /** Makes a directory with empty files and directories in it; a name that ends in a slash is a directory. */
  function lay(...names: readonly string[]): string {
    const root = join(temporary.path, `${count++}`);
    mkdirSync(root);
    for (const name of names) {
      if (name.endsWith('/')) mkdirSync(join(root, name), { recursive: true });
      else writeFileSync(join(root, name), '');
    }
    return root;
  }

  describe('the repository of a directory', () => {
    it.each([['.git'], ['.git/']])('is the nearest directory at or above it with a %s', async (name) => {
      const root = lay(name, 'a/b/');
      const outer = { path: root, bare: false };
      expect([await findRepository(root), await findRepository(join(root, 'a/b'))]).toEqual([outer, outer]);
      mkdirSync(join(root, 'a/.git'));
      expect(await findRepository(join(root, 'a/b'))).toEqual({ path: join(root, 'a'), bare: false });
    });

    it('is found by a .git that points to nothing', async () => {
      const root = lay();
      symlinkSync('/nowhere', join(root, '.git'));
      expect(await findRepository(root)).toEqual({ path: root, bare: false });
    });

    it.each<[string, readonly string[]]>([
      ['bare', ['HEAD', 'objects/', 'refs/']],
      ['that of a linked worktree', ['HEAD', 'commondir']],
    ])('may be %s', async (_, names) => {
      const root = lay(...names, 'hooks/');
      expect(await findRepository(join(root, 'hooks'))).toEqual({ path: root, bare: true });
    });

    it.each([['HEAD'], ['objects/'], ['refs/']])('is not a directory without %s', async (name) => {
      expect(
        await findRepository(lay(...['HEAD', 'objects/', 'refs/'].filter((each) => each !== name))),
      ).toBeUndefined();
    });

    it.each([['.git'], ['.Git']])('is %s itself, even when it is empty', async (name) => {
      const path = join(lay(`${name}/x/`), name);
      expect(await findRepository(join(path, 'x'))).toMatchObject({ bare: true, path });
      expect([await isInsideDotGit(path), await isInsideDotGit(join(path, 'x'))]).toEqual([true, true]);
    });

    it('is that of the target of a symlink, not that of the symlink', async () => {
      const root = lay('.git/', 'sub/');
      const elsewhere = lay('result/');
      symlinkSync(join(elsewhere, 'result'), join(root, 'result'));
      symlinkSync(join(root, 'sub'), join(elsewhere, 'link'));
      expect(await findRepository(join(root, 'result'))).toBeUndefined();
      expect(await findRepository(join(elsewhere, 'link'))).toEqual({ path: root, bare: false });
      expect(await isInsideDotGit(root)).toBe(false);
    });
  });
});

describe('withoutFilters', () => {
  const names = (...drivers: readonly string[]): Buffer =>
    Buffer.from(drivers.map((driver) => `filter.${driver}.clean\0filter.${driver}.smudge\0`).join(''));

  describe('the filters of a checkout', () => {
    it('are turned off once each', () => {
      expect(withoutFilters(names('lfs', 'a.b'))).toEqual(
        ['lfs', 'a.b'].flatMap((driver) => [
          ...['-c', `filter.${driver}.clean=`],
          ...['-c', `filter.${driver}.process=`],
          ...['-c', `filter.${driver}.required=false`],
        ]),
      );
      expect(withoutFilters(Buffer.alloc(0))).toEqual([]);
    });

    it.each([['a=b'], [Buffer.from([0x66, 0xff]).toString('latin1')]])(
      'are an error when one has a name that cannot be passed on, %j',
      (driver) => {
        expect(() => withoutFilters(Buffer.from(`filter.${driver}.clean\0`, 'latin1'))).toThrow(
          'cannot be turned off.',
        );
      },
    );

    it('are turned off whatever their names, or are refused', () => {
      // No NUL and no newline: git has neither in the name of a section.
      const driver = fc.string({ minLength: 1, unit: 'binary' }).filter((text) => !/[\0\n]/.test(text));
      fc.assert(
        fc.property(fc.uniqueArray(driver, { maxLength: 4 }), (drivers) => {
          if (drivers.some((each) => each.includes('=') || each.includes('\ufffd')))
            expect(() => withoutFilters(names(...drivers))).toThrow();
          else expect(withoutFilters(names(...drivers))).toHaveLength(drivers.length * 6);
        }),
      );
    });
  });
});

describe('tracked', () => {
  const temporary = temporaryDirectory();
  afterAll(() => temporary.remove());

  async function entry(name: string, content: string | Buffer): Promise<PackEntry> {
    temporary.file(name, content);
    return stat(name);
  }

  async function stat(name: string): Promise<PackEntry> {
    const found = await statEntry(temporary.path, name);
    if (found === undefined) throw new Error(`${name} is not there`);
    return found;
  }

  const start = 'version https://git-lfs.github.com/spec/v1\n';
  const pointerOf = (content: string) =>
    `${start}oid sha256:${createHash('sha256').update(content).digest('hex')}\nsize ${Buffer.byteLength(content)}\n`;

  describe('Git LFS pointers', () => {
    it('are small files that begin with the version line, whatever else they contain', async () => {
      const entries = [
        await entry('pointer', pointerOf('x')),
        await entry(
          'with-extension',
          `${start}ext-0-x sha256:${'a'.repeat(64)}\noid sha256:${'b'.repeat(64)}\nsize 3\n`,
        ),
        await entry('full', start.padEnd(1024, 'x')),
        await entry('too-large', start.padEnd(1025, 'x')),
        await entry('of-another-version', pointerOf('x').replace('v1', 'v2')),
        await entry('about-pointers', `A pointer begins with\n${pointerOf('x')}`),
        await entry('empty', ''),
      ];
      symlinkSync(join(temporary.path, 'pointer'), join(temporary.path, 'link'));
      mkdirSync(join(temporary.path, 'directory'));
      const others = [await stat('link'), await stat('directory')];
      const found = await lfsPointers([...entries, ...others]);
      expect(found.map(({ path }) => path)).toEqual(['pointer', 'with-extension', 'full']);
    });

    it('are all found among many files', async () => {
      const entries: PackEntry[] = [];
      for (let index = 0; index < 150; index += 1)
        entries.push(await entry(`many-${index}`, index % 3 === 0 ? pointerOf('x') : 'x'.repeat(200)));
      expect(await lfsPointers(entries)).toEqual(entries.filter((_, index) => index % 3 === 0));
    });

    it('match only one content', async () => {
      const contents = fc.tuple(fc.string({ maxLength: 20 }), fc.string({ maxLength: 20 }));
      await fc.assert(
        fc.asyncProperty(contents, async ([content, other]) => {
          const file = await entry('file', content);
          expect(await isFileOfPointer(file, Buffer.from(pointerOf(content)))).toBe(true);
          expect(await isFileOfPointer(file, Buffer.from(pointerOf(other)))).toBe(content === other);
          expect(await isFileOfPointer(file, Buffer.from(content))).toBe(false);
        }),
        { numRuns: 50 },
      );
    });
  });

  describe('hasContentOf', () => {
    it.each([['sha1'], ['sha256']])('compares a file with a blob by its id in repositories with %s', async (format) => {
      const repository = join(temporary.path, format);
      execFileSync('git', ['init', '--quiet', `--object-format=${format}`, repository]);
      const id = (content: string) =>
        execFileSync('git', ['hash-object', '--stdin'], { cwd: repository, input: content, encoding: 'utf8' }).trim();
      for (const content of ['', 'x\n', 'ü'.repeat(100_000)]) {
        const file = await entry(`${format}-file`, content);
        expect(await hasContentOf(file, id(content))).toBe(true);
        expect(await hasContentOf(file, id(`${content}.`))).toBe(false);
      }
      symlinkSync('to/ü', join(temporary.path, `${format}-link`));
      expect(await hasContentOf(await stat(`${format}-link`), id('to/ü'))).toBe(true);
      expect(await hasContentOf(await stat(`${format}-link`), id('to/u'))).toBe(false);
    });
  });
});

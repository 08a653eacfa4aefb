import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { findRepository, isInsideDotGit, withoutFilters } from '../../../../lib/nar/pack/repository.ts';
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

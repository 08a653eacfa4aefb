import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { findRepository, isInsideDotGit } from '../../../lib/nar/find-repository.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

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
  it.each([['.git'], ['.git/']])('is the nearest at or above it with a %s', async (name) => {
    const root = lay(name, 'a/b/');
    const outer = { path: root, bare: false };
    expect([await findRepository(root), await findRepository(join(root, 'a/b'))]).toEqual([outer, outer]);
    mkdirSync(join(root, 'a/.git'));
    expect(await findRepository(join(root, 'a/b'))).toEqual({ path: join(root, 'a'), bare: false });
  });

  it('is found by a .git that leads nowhere', async () => {
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
    expect(await findRepository(lay(...['HEAD', 'objects/', 'refs/'].filter((each) => each !== name)))).toBeUndefined();
  });

  it.each([['.git'], ['.Git']])('is %s itself, though there is nothing in it', async (name) => {
    const path = join(lay(`${name}/x/`), name);
    expect(await findRepository(join(path, 'x'))).toMatchObject({ bare: true, path });
    expect([await isInsideDotGit(path), await isInsideDotGit(join(path, 'x'))]).toEqual([true, true]);
  });

  it('is where a symlink leads, and not where it lies', async () => {
    const root = lay('.git/', 'sub/');
    const elsewhere = lay('result/');
    symlinkSync(join(elsewhere, 'result'), join(root, 'result'));
    symlinkSync(join(root, 'sub'), join(elsewhere, 'link'));
    expect(await findRepository(join(root, 'result'))).toBeUndefined();
    expect(await findRepository(join(elsewhere, 'link'))).toEqual({ path: root, bare: false });
    expect(await isInsideDotGit(root)).toBe(false);
  });
});

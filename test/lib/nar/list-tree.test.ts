import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { listTree, type TreeListing } from '../../../lib/nar/list-tree.ts';
import { directory, file, hardlink, pax, symlink, tar } from '../../support/nar/tar-blocks.ts';
import { Temporary } from '../../support/nar/temporary.ts';

const temporary = new Temporary();
afterAll(() => temporary.remove());

async function listed(archive: Uint8Array, name = 'a.tar'): Promise<TreeListing> {
  let tree: TreeListing = new Map();
  const onTree = async (...[root, , reader]: Parameters<NonNullable<OnTree>>) => {
    tree = await listTree(root, reader);
  };
  await temporary.inspect(archive, { onTree }, name);
  return tree;
}
type OnTree = NonNullable<Parameters<Temporary['inspect']>[1]>['onTree'];

const sha256 = (content: string | Uint8Array): string => createHash('sha256').update(content).digest('binary');

describe('the listing of a tree', () => {
  it('has files with their content and executable bit, symlinks with their target, and empty directories', async () => {
    const tree = await listed(
      tar(
        directory('top-1.0/'),
        directory('top-1.0/lib/'),
        file('top-1.0/lib/a', 'content'),
        file('top-1.0/run', '#!', { mode: 0o755 }),
        symlink('top-1.0/link', 'lib/a'),
        hardlink('top-1.0/hard', 'top-1.0/lib/a'),
        directory('top-1.0/empty/'),
        file('top-1.0/none', ''),
      ),
    );
    const of = (content: string, executable = false) => ({
      kind: 'file',
      size: content.length,
      executable,
      content: sha256(content),
    });
    expect(Object.fromEntries(tree)).toEqual({
      'lib/a': of('content'),
      run: of('#!', true),
      link: { kind: 'symlink', size: 0, executable: false, content: 'lib/a' },
      hard: of('content'),
      empty: { kind: 'directory', size: 0, executable: false, content: '' },
      none: of(''),
    });
  });

  it('is the same whatever the directory at the top is called, and however the archive is packed', async () => {
    const of = (top: string) => tar(directory(`${top}/`), file(`${top}/a`, 'x'), file(`${top}/b/c`, 'y'));
    const plain = await listed(of('demo-1'));
    expect(await listed(of('demo-2'))).toEqual(plain);
    expect(await listed(gzipSync(of('demo-3')), 'a.tar.gz')).toEqual(plain);
    expect([...plain.keys()]).toEqual(['a', 'b/c']);
  });

  it('has the content of a sparse file as it is read, with its holes', async () => {
    const records = { 'GNU.sparse.size': '1000000', 'GNU.sparse.map': '10,3,999999,1' };
    const tree = await listed(tar(directory('top/'), pax(records), file('top/sparse', 'abcd')));
    const content = Buffer.alloc(1_000_000);
    content.write('abc', 10);
    content.write('d', 999_999);
    expect(tree.get('sparse')).toMatchObject({ size: 1_000_000, content: sha256(content) });
  });

  it('has large files, and every content at its path', async () => {
    const large = Buffer.alloc(40_000_000, 'abc');
    const tree = await listed(tar(directory('top/'), file('top/large', large), file('top/z', 'end')));
    expect(tree.get('large')?.content).toBe(sha256(large));
    expect(tree.get('z')?.content).toBe(sha256('end'));
    const names = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,3}$/), { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(names, fc.infiniteStream(fc.uint8Array({ maxLength: 2_000 })), async (paths, contents) => {
        const files = paths.map((path) => [path, contents.next().value as Uint8Array] as const);
        const blocks = files.map(([path, content]) => file(`top/${path}`, content));
        const found = await listed(tar(directory('top/'), ...blocks));
        expect(Object.fromEntries([...found].map(([path, { content }]) => [path, content]))).toEqual(
          Object.fromEntries(files.map(([path, content]) => [path, sha256(content)])),
        );
      }),
      { numRuns: 30 },
    );
  });

  it('is not made of what Nix does not unpack', async () => {
    expect((await listed(Buffer.from('image'), 'a.iso')).size).toBe(0);
  });
});

import { readSync } from 'node:fs';
import { afterAll, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { defaultLimits } from '../../../lib/nar/archive-refused.ts';
import { NarHashInOrder, narHashOf } from '../../../lib/nar/nar-hash.ts';
import { Spool, SpoolReader } from '../../../lib/nar/spool.ts';
import { BlockSource } from '../../../lib/nar/tar/header.ts';
import { readTar } from '../../../lib/nar/tar/read-tar.ts';
import { TreeBuilder } from '../../../lib/nar/tree.ts';
import { referenceNarHash, type Tree } from '../../support/nar/reference-nar.ts';
import { directory, file, hardlink, pax, symlink, tar } from '../../support/nar/tar-blocks.ts';
import { Temporary } from '../../support/nar/temporary.ts';

const temporary = new Temporary();
afterAll(() => temporary.remove());

/** Both ways of hashing; `inOrder` is undefined if the entries do not come in the order of the NAR. */
async function hashesOf(blocks: readonly Buffer[], signal = new AbortController().signal) {
  const spool = await Spool.open({ directory: temporary.spools, maxBytes: 1e9 }, 0);
  try {
    await spool.append(tar(...blocks));
    spool.end();
    const reader = new SpoolReader(spool);
    const builder = new TreeBuilder(defaultLimits);
    const hash = new NarHashInOrder(reader, signal);
    for await (const entry of readTar(new BlockSource(spool, reader)))
      if (!('comment' in entry)) await hash.add(builder.add(entry));
    const root = builder.finish();
    return {
      inOrder: await hash.finish(builder.topLevelEntries),
      whole: await narHashOf(root, new SpoolReader(spool), signal),
    };
  } finally {
    await spool.close();
  }
}

describe('NarHashInOrder', () => {
  it.each<[string, readonly Buffer[], Tree]>([
    ['one directory at the top', [directory('t/'), file('t/a', 'one'), file('t/b')], { a: 'one', b: 'x\n' }],
    ['directories that only names imply', [file('t/a/b/c'), file('t/a/d')], { a: { b: { c: 'x\n' }, d: 'x\n' } }],
    ['several entries at the top', [file('a'), directory('b/'), file('b/c')], { a: 'x\n', b: { c: 'x\n' } }],
    ['a root of its own', [directory('./'), directory('./a/'), file('./b')], { a: {}, b: 'x\n' }],
    [
      'an open directory that comes again',
      [directory('t/'), file('t/a'), directory('t/'), file('t/b')],
      { a: 'x\n', b: 'x\n' },
    ],
    [
      'links',
      [file('t/a', 'one'), hardlink('t/b', 't/a'), symlink('t/c', 'a')],
      { a: 'one', b: 'one', c: ['symlink', 'a'] },
    ],
    ['a name that begins with that of a directory', [file('t/a/x'), file('t/a-b')], { a: { x: 'x\n' }, 'a-b': 'x\n' }],
    [
      'sparse files',
      [
        pax({ 'GNU.sparse.size': '5', 'GNU.sparse.name': 't/s', 'GNU.sparse.map': '0,2,5,0' }),
        file('x', 'ab'),
        file('t/u'),
      ],
      { s: 'ab\0\0\0', u: 'x\n' },
    ],
  ])('hashes %s as they come', async (_, blocks, tree) => {
    const hash = referenceNarHash(tree);
    expect(await hashesOf(blocks)).toEqual({ inOrder: hash, whole: hash });
  });

  it.each<[string, readonly Buffer[], Tree]>([
    ['a name that sorts before', [file('t/b'), file('t/.rev')], { '.rev': 'x\n', b: 'x\n' }],
    ['a directory that was left', [file('t/a/b'), file('t/b'), file('t/a/c')], { a: { b: 'x\n', c: 'x\n' }, b: 'x\n' }],
    ['a file that comes again', [file('t/a'), file('t/a', 'new')], { a: 'new' }],
    ['the order of git', [file('t/a-b'), file('t/a/x')], { a: { x: 'x\n' }, 'a-b': 'x\n' }],
    ['a second entry at the top', [file('t/a'), file('u')], { t: { a: 'x\n' }, u: 'x\n' }],
    ['a lone directory in a root of its own', [directory('./'), file('./t/a')], { a: 'x\n' }],
  ])('gives up at %s, and the whole is right', async (_, blocks, tree) => {
    expect(await hashesOf(blocks)).toEqual({ inOrder: undefined, whole: referenceNarHash(tree) });
  });

  it('finds the hash of any tree in any order, or none', async () => {
    const name = fc.constantFrom('a', 'a-', 'a.b', 'ab', 'b', '.git-revision');
    const paths = fc.uniqueArray(fc.array(name, { minLength: 1, maxLength: 3 }), {
      selector: (path) => path.join('/'),
      minLength: 1,
      maxLength: 12,
    });
    await fc.assert(
      fc.asyncProperty(paths, fc.boolean(), async (all, sorted) => {
        const leaves = all.filter(
          (path) => !all.some((other) => other.length > path.length && path.every((part, at) => part === other[at])),
        );
        const order = sorted ? leaves.toSorted((a, b) => (a.join('\0') < b.join('\0') ? -1 : 1)) : leaves;
        const { inOrder, whole } = await hashesOf([
          directory('top/'),
          ...order.map((path) => file(`top/${path.join('/')}`)),
        ]);
        expect(inOrder).toBe(sorted ? whole : (inOrder ?? undefined) && whole);
      }),
      { numRuns: 150 },
    );
  });
});

describe('narHashOf', () => {
  const megabytes = (count: number, byte: number) => Buffer.alloc(count * 1024 * 1024 + 3, byte);
  const large = [file('t/b', megabytes(40, 1)), file('t/c', megabytes(30, 2)), file('t/a')];

  it('hashes a large tree in a second thread', async () => {
    const tree = { a: 'x\n', b: megabytes(40, 1).toString('latin1'), c: megabytes(30, 2).toString('latin1') };
    expect((await hashesOf(large)).whole).toBe(referenceNarHash(tree));
  });

  it('stops that thread when it is aborted', async () => {
    const stop = new AbortController();
    const spool = await Spool.open({ directory: temporary.spools, maxBytes: 1e9 }, 0);
    try {
      await spool.append(megabytes(70, 0));
      const size = 1_000_000_000_000;
      const pairs = [0, 2, size, 0];
      const endless = { kind: 'file', executable: false, size, offset: 0, sparse: { pairs, realSize: size } } as const;
      const root = { kind: 'directory', children: new Map([['endless', endless]]) } as const;
      const hash = narHashOf(root, new SpoolReader(spool), stop.signal);
      setTimeout(() => stop.abort(new Error('enough')), 50);
      await expect(hash).rejects.toThrow('enough');
    } finally {
      await spool.close();
    }
  });
});

describe('SpoolReader', () => {
  it('reads forward through an archive in order with few system calls', async () => {
    const spool = await Spool.open({ directory: temporary.spools, maxBytes: 1e9 }, 0);
    try {
      const bytes = Buffer.from(Array.from({ length: 1_000_000 }, (_, at) => at % 251));
      await spool.append(bytes);
      const reads: number[] = [];
      const counted = {
        size: spool.size,
        read: (target: Uint8Array, at: number, length: number, position: number) => {
          reads.push(length);
          readSync(spool.fd, target, at, length, position);
        },
      };
      const reader = new SpoolReader(counted as unknown as Spool);
      const content = Buffer.alloc(1_000);
      for (let at = 0; at + 1_512 <= bytes.length; at += 1_512) {
        expect(reader.view(at, 512).equals(bytes.subarray(at, at + 512))).toBe(true);
        reader.read(content, 0, 1_000, at + 512);
        expect(content.equals(bytes.subarray(at + 512, at + 1_512))).toBe(true);
      }
      expect(reads.length).toBeLessThan(12);
    } finally {
      await spool.close();
    }
  });
});

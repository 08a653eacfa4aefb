import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compareTrees } from '../../../../lib/client/diff/compare-trees.ts';
import type { TreeEntry } from '../../../../lib/nar/list-tree.ts';

const file = (content: string, more: Partial<TreeEntry> = {}): TreeEntry => ({
  kind: 'file',
  size: content.length,
  executable: false,
  content,
  ...more,
});
const link = (target: string): TreeEntry => ({ kind: 'symlink', size: 0, executable: false, content: target });
const empty: TreeEntry = { kind: 'directory', size: 0, executable: false, content: '' };
const tree = (entries: Readonly<Record<string, TreeEntry>>) => new Map(Object.entries(entries));

describe('what differs between two trees', () => {
  it('is each path that was added, removed or changed, the largest first, with sums of their sizes', () => {
    const before = tree({ same: file('s'), gone: file('12345'), text: file('old'), empty });
    const after = tree({ same: file('s'), fresh: file('1234567'), text: file('newer'), 'empty/a': file('') });
    expect(compareTrees(before, after)).toEqual({
      added: { count: 2, size: 7 },
      removed: { count: 2, size: 5 },
      changed: { count: 1, fromSize: 3, toSize: 5 },
      entries: [
        { change: 'added', path: 'fresh', kind: 'file', toSize: 7 },
        { change: 'removed', path: 'gone', kind: 'file', fromSize: 5 },
        { change: 'changed', path: 'text', kind: 'file', fromSize: 3, toSize: 5, what: ['content'] },
        { change: 'removed', path: 'empty', kind: 'directory', fromSize: 0 },
        { change: 'added', path: 'empty/a', kind: 'file', toSize: 0 },
      ],
    });
  });

  it.each<[string, TreeEntry, TreeEntry, readonly string[]]>([
    ['content of the same size', file('abc'), file('abd'), ['content']],
    ['the executable bit', file('abc'), file('abc', { executable: true }), ['executable']],
    ['both', file('abc'), file('abd', { executable: true }), ['content', 'executable']],
    ['the target of a symlink', link('a'), link('b'), ['target']],
    ['a symlink where a file was', file('a'), link('a'), ['kind']],
    ['a file where an empty directory was', empty, file(''), ['kind']],
  ])('is %s', (_, before, after, what) => {
    const { entries } = compareTrees(tree({ a: before }), tree({ a: after }));
    expect(entries.map((entry) => entry.what)).toEqual([what]);
  });

  it('is printed with the bytes of its name, and nothing that a terminal obeys', () => {
    const names = ['\xc3\xa9', '\xff', 'a\x1b[31m', '__proto__', 'x'.repeat(3_000)];
    const { entries } = compareTrees(new Map(), new Map(names.map((name) => [name, file('')])));
    expect(entries.map(({ path }) => path).sort()).toEqual(
      ['\u00e9', '\\xff', 'a\\x1b[31m', '__proto__', 'x'.repeat(3_000)].sort(),
    );
  });

  it('is nothing for a tree and itself, and the reverse in the other direction', () => {
    const anyTree = fc.dictionary(
      fc.string(),
      fc.record({
        kind: fc.constantFrom('file', 'symlink', 'directory'),
        size: fc.nat(),
        executable: fc.boolean(),
        content: fc.constantFrom('', 'a', 'b'),
      }),
    );
    fc.assert(
      fc.property(anyTree, anyTree, (one, other) => {
        const [before, after] = [tree(one as never), tree(other as never)];
        expect(compareTrees(before, before).entries).toEqual([]);
        const [forth, back] = [compareTrees(before, after), compareTrees(after, before)];
        expect([forth.added, forth.removed, forth.changed.fromSize]).toEqual([
          back.removed,
          back.added,
          back.changed.toSize,
        ]);
        // Whatever is not named is the same in both.
        const named = new Set(forth.entries.map(({ path }) => path));
        expect(named.size).toBe(forth.entries.length);
      }),
    );
  });
});

import { printableName } from '../../nar/archive-refused.ts';
import type { TreeEntry, TreeListing } from '../../nar/list-tree.ts';

/** How a file, a symlink or an empty directory differs between two trees. Sizes are in bytes. */
export interface FileChange {
  readonly change: 'added' | 'removed' | 'changed';
  /** Below the root of the tree, for a terminal: bytes that are not UTF-8, and control characters, are escaped. */
  readonly path: string;
  readonly kind: TreeEntry['kind'];
  readonly fromSize?: number;
  readonly toSize?: number;
  /** Of a change: what differs. */
  readonly what?: readonly ('content' | 'executable' | 'target' | 'kind')[];
}

interface Count {
  readonly count: number;
  /** Bytes. */
  readonly size: number;
}

export interface TreeChanges {
  readonly added: Count;
  readonly removed: Count;
  readonly changed: { readonly count: number; readonly fromSize: number; readonly toSize: number };
  /** The largest first. */
  readonly entries: readonly FileChange[];
}

function differences(before: TreeEntry, after: TreeEntry): NonNullable<FileChange['what']> {
  if (before.kind !== after.kind) return ['kind'];
  const content = after.kind === 'symlink' ? 'target' : 'content';
  return [
    ...(before.content === after.content ? [] : ([content] as const)),
    ...(before.executable === after.executable ? [] : ['executable' as const]),
  ];
}

const sizeOf = ({ fromSize = 0, toSize = 0 }: FileChange): number => Math.max(fromSize, toSize);

const sum = (changes: readonly FileChange[], size: 'fromSize' | 'toSize'): number =>
  changes.reduce((total, change) => total + (change[size] ?? 0), 0);

/** What differs between two trees. Of one path there is at most one change. */
export function compareTrees(before: TreeListing, after: TreeListing): TreeChanges {
  const entries: FileChange[] = [];
  for (const [name, entry] of before) {
    const path = printableName(name, Infinity);
    const other = after.get(name);
    if (other === undefined) entries.push({ change: 'removed', path, kind: entry.kind, fromSize: entry.size });
    else {
      const what = differences(entry, other);
      if (what.length > 0)
        entries.push({ change: 'changed', path, kind: other.kind, fromSize: entry.size, toSize: other.size, what });
    }
  }
  for (const [name, { kind, size }] of after)
    if (!before.has(name)) entries.push({ change: 'added', path: printableName(name, Infinity), kind, toSize: size });
  entries.sort((one, other) => sizeOf(other) - sizeOf(one) || (one.path < other.path ? -1 : 1));
  const of = (change: FileChange['change']): readonly FileChange[] =>
    entries.filter((entry) => entry.change === change);
  const [added, removed, changed] = [of('added'), of('removed'), of('changed')];
  return {
    added: { count: added.length, size: sum(added, 'toSize') },
    removed: { count: removed.length, size: sum(removed, 'fromSize') },
    changed: { count: changed.length, fromSize: sum(changed, 'fromSize'), toSize: sum(changed, 'toSize') },
    entries,
  };
}

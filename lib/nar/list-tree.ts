import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import type { SpoolReader } from './spool.ts';
import type { Directory, RegularFile, TreeNode } from './tree.ts';

/** What is kept of an entry to compare it with that of another tree: what makes a difference to Nix, and its size. */
export interface TreeEntry {
  readonly kind: TreeNode['kind'];
  /** Bytes of a file; 0 of anything else. */
  readonly size: number;
  readonly executable: boolean;
  /** The SHA-256 of a file, or the target of a symlink; both as latin1. */
  readonly content: string;
}

/** By path, whose bytes are latin1. Of the directories only the empty ones are in it: the others follow from their files. */
export type TreeListing = ReadonlyMap<string, TreeEntry>;

const chunkBytes = 256 * 1024;
const bytesBetweenPauses = 16 * 1024 * 1024;

/** The parts of a file that are stored, and the holes between them. The last pair of a sparse map ends where the file ends. */
function* partsOf({
  size,
  offset,
  sparse,
}: RegularFile): Generator<{ readonly from?: number; readonly length: number }> {
  if (sparse === undefined) {
    yield { from: offset, length: size };
    return;
  }
  let at = 0;
  let from = offset;
  for (let pair = 0; pair < sparse.pairs.length; pair += 2) {
    const begin = sparse.pairs[pair] ?? 0;
    const length = sparse.pairs[pair + 1] ?? 0;
    yield { length: begin - at };
    yield { from, length };
    from += length;
    at = begin + length;
  }
}

/** Hashes every file of a tree, one after the other, so that only names, sizes and hashes are in memory. */
export async function listTree(root: Directory, spool: SpoolReader): Promise<TreeListing> {
  const entries = new Map<string, TreeEntry>();
  const buffer = Buffer.allocUnsafeSlow(chunkBytes);
  let sincePause = 0;

  const contentOf = async (file: RegularFile): Promise<string> => {
    const hash = createHash('sha256');
    for (const { from, length } of partsOf(file))
      for (let done = 0; done < length; ) {
        const count = Math.min(chunkBytes, length - done);
        if (from === undefined) buffer.fill(0, 0, count);
        else spool.read(buffer, 0, count, from + done);
        hash.update(buffer.subarray(0, count));
        done += count;
        sincePause += count;
        if (sincePause < bytesBetweenPauses) continue;
        sincePause = 0;
        await setImmediate();
      }
    return hash.digest('binary');
  };

  const visit = async (directory: Directory, path: string): Promise<void> => {
    for (const [name, node] of directory.children) {
      const own = path + name;
      if (node.kind === 'file') {
        const { kind, size, executable } = node;
        entries.set(own, { kind, size, executable, content: await contentOf(node) });
      } else if (node.kind === 'symlink')
        entries.set(own, { kind: 'symlink', size: 0, executable: false, content: node.target });
      else if (node.children.size === 0)
        entries.set(own, { kind: 'directory', size: 0, executable: false, content: '' });
      else await visit(node, `${own}/`);
    }
  };
  await visit(root, '');
  return entries;
}

import type { Spool } from './spool.ts';
import type { Directory, TreeNode } from './tree.ts';

export interface TreeFacts {
  /** As SRI: sha256-… */
  readonly narHash: string;
  readonly entries: number;
  /** The bytes of all files. */
  readonly unpackedSize: number;
  /** Whether there is a flake.nix at the root. */
  readonly flake: boolean;
}

const commit = /^[0-9a-f]{40}$/;

export function factsOfTree(root: Directory, narHash: string): TreeFacts {
  return { narHash, ...totals(root), flake: isFlake(root) };
}

export function isFlake(root: Directory): boolean {
  const flake = root.children.get('flake.nix');
  return flake !== undefined && flake.kind !== 'directory';
}

/** A file at the root, as a latin1 string, unless it is larger. */
export function smallFile(root: Directory, name: string, maxBytes: number, spool: Spool): string | undefined {
  const file = root.children.get(name);
  if (file?.kind !== 'file' || file.sparse !== undefined || file.size > maxBytes) return undefined;
  const content = Buffer.alloc(file.size);
  spool.read(content, 0, file.size, file.offset);
  return content.toString('latin1');
}

/** The channels of nixpkgs have their commit in `.git-revision`; `git archive` writes it into the comment of the archive. */
export function revisionOf(root: Directory, spool: Spool, comment: string | undefined): string | undefined {
  const text = smallFile(root, '.git-revision', 100, spool)?.trim();
  if (text !== undefined && commit.test(text)) return text;
  return comment !== undefined && commit.test(comment) ? comment : undefined;
}

export function totals(node: TreeNode): { readonly entries: number; readonly unpackedSize: number } {
  let entries = 0;
  let unpackedSize = 0;
  const visit = (directory: Directory) => {
    for (const child of directory.children.values()) {
      entries++;
      if (child.kind === 'file') unpackedSize += child.size;
      if (child.kind === 'directory') visit(child);
    }
  };
  if (node.kind === 'directory') visit(node);
  return { entries, unpackedSize };
}

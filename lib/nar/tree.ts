import type { SparseMap } from './tar/sparse-map.ts';

/** What Nix keeps of a tree. Names and targets are bytes as latin1 strings. */
export type TreeNode = Directory | RegularFile | Symlink;

export interface Directory {
  readonly kind: 'directory';
  readonly children: Map<string, TreeNode>;
}

export interface RegularFile {
  readonly kind: 'file';
  readonly executable: boolean;
  /** Its owner may not read it, which Nix does not keep and some of its commands stumble over. */
  readonly unreadable?: true;
  readonly size: number;
  /** Where the content begins in the spool. */
  readonly offset: number;
  readonly sparse?: SparseMap;
}

export interface Symlink {
  readonly kind: 'symlink';
  readonly target: string;
}

import type { SparseMap } from './sparse-map.ts';

/** Names and link targets are bytes as latin1 strings, so that comparing them compares bytes. */
export interface TarEntry {
  readonly kind: 'file' | 'directory' | 'symlink' | 'hardlink';
  readonly path: string;
  readonly link: string;
  readonly mtime: number;
  readonly executable: boolean;
  /** Its owner may not read it. */
  readonly unreadable: boolean;
  /** Once expanded. */
  readonly size: number;
  /** Where the content begins in the archive. */
  readonly offset: number;
  readonly sparse?: SparseMap;
}

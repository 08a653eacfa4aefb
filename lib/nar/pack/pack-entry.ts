/** What goes into an archive. The path is below the root; it and the target are bytes as latin1 strings. */
export interface PackEntry {
  readonly path: string;
  readonly kind: 'file' | 'directory' | 'symlink';
  readonly executable: boolean;
  /** Of a symlink. */
  readonly target: string;
  /** Where a file's content is read, as bytes. */
  readonly source: Buffer;
  readonly size: number;
}

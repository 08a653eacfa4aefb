/** The bytes of the file, piece by piece; undefined at its end. A piece is valid until the next but one is asked for. */
export interface ChunkSource {
  next(): Promise<Buffer | undefined>;
}

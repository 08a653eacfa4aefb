import { ArchiveRefused } from '../archive-refused.ts';

/** The bytes of a file in chunks; undefined at its end. A chunk stays valid until next() has been called twice. */
export interface ChunkSource {
  next(): Promise<Buffer | undefined>;
}

const nothing = Buffer.alloc(0);

/** What was read and not yet used, for decoders that read single bytes. */
export class Intake {
  readonly #source: ChunkSource;
  #held: Buffer = nothing;

  constructor(source: ChunkSource) {
    this.#source = source;
  }

  get held(): Buffer {
    return this.#held;
  }

  /** Reads until at least `count` bytes are held; false when the file ends before that. */
  async hold(count: number): Promise<boolean> {
    while (this.#held.length < count) {
      const chunk = await this.#source.next();
      if (chunk === undefined) return false;
      this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    }
    return true;
  }

  use(count: number): void {
    this.#held = this.#held.subarray(count);
  }
}

type Compression = 'none' | 'gzip' | 'xz' | 'zstd' | 'bzip2';

/** Compressions that libarchive reads and this code does not, by their first bytes. */
const unread: readonly (readonly [hex: string, name: string])[] = [
  ['04224d18', 'lz4'],
  ['4c5a4950', 'lzip'],
  ['5d0000', 'lzma'],
  ['894c5a4f', 'lzop'],
  ['4c525a49', 'lrzip'],
  ['1f9d', 'compress (.Z)'],
];

/** The compression, from the first bytes, as Nix does it, not from the name. Throws for what is not supported. */
export function compressionOf(start: Buffer): Compression {
  const begins = (hex: string) => start.subarray(0, hex.length / 2).toString('hex') === hex;
  if (begins('1f8b08')) return 'gzip';
  if (begins('fd377a585a00')) return 'xz';
  if (begins('28b52ffd') || /^5[0-9a-f]2a4d18$/.test(start.subarray(0, 4).toString('hex'))) return 'zstd';
  if (/^BZh[1-9]$/.test(start.toString('latin1', 0, 4))) return 'bzip2';
  if (begins('504b0304')) throw new ArchiveRefused('is a zip, which Nix expects under a name that ends in .zip');
  const other = unread.find(([hex]) => begins(hex));
  if (other !== undefined)
    throw new ArchiveRefused(`is compressed by ${other[1]}, which is not supported: use gzip, xz, zstd or bzip2`);
  return 'none';
}

type Compressed = Exclude<Compression, 'none'>;

export function cutOff(compression: Compressed, cause?: unknown): ArchiveRefused {
  return new ArchiveRefused(`is cut off: its ${compression} data ends too early`, undefined, { cause });
}

export function damaged(compression: Compressed, cause?: unknown): ArchiveRefused {
  return new ArchiveRefused(`is damaged: its ${compression} data cannot be read`, undefined, { cause });
}

export const windowTooLarge = 'needs a zstd window over 128 MiB, which Nix refuses';

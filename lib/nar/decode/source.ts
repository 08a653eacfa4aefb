import { ArchiveRefused } from '../archive-refused.ts';

/** The bytes of the file, piece by piece; undefined at its end. A piece is valid until the next but one is asked for. */
export interface ChunkSource {
  next(): Promise<Buffer | undefined>;
}

const nothing = Buffer.alloc(0);

/** What has been read and not yet used, for decoders that look at single bytes. */
export class Intake {
  readonly #source: ChunkSource;
  #held: Buffer = nothing;

  constructor(source: ChunkSource) {
    this.#source = source;
  }

  get held(): Buffer {
    return this.#held;
  }

  /** Sees to it that `count` bytes are held; false when the file ends before. */
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

/** Compressions that libarchive knows and this does not, by the bytes that they begin with. */
const unread: readonly (readonly [hex: string, name: string])[] = [
  ['04224d18', 'lz4'],
  ['4c5a4950', 'lzip'],
  ['5d0000', 'lzma'],
  ['894c5a4f', 'lzop'],
  ['4c525a49', 'lrzip'],
  ['1f9d', 'compress (.Z)'],
];

/** How a file is compressed, from its first bytes; Nix goes by them too, not by the name. Throws for what is not read here. */
export function compressionOf(start: Buffer): Compression {
  const begins = (hex: string) => start.subarray(0, hex.length / 2).toString('hex') === hex;
  if (begins('1f8b08')) return 'gzip';
  if (begins('fd377a585a00')) return 'xz';
  if (begins('28b52ffd') || /^5[0-9a-f]2a4d18$/.test(start.subarray(0, 4).toString('hex'))) return 'zstd';
  if (/^BZh[1-9]$/.test(start.toString('latin1', 0, 4))) return 'bzip2';
  if (begins('504b0304')) throw new ArchiveRefused('is a zip, which Nix expects under a name that ends in .zip');
  const other = unread.find(([hex]) => begins(hex));
  if (other !== undefined)
    throw new ArchiveRefused(`is compressed by ${other[1]}, which is not read here: use gzip, xz, zstd or bzip2`);
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

import { createHash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { tarballFormatOf } from '../domain/names.ts';
import { ArchiveRefused, LocalFailure } from './archive-refused.ts';

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

/** Paths of programs that decode, if they are installed. */
export interface Programs {
  /** Faster than the built-in decoder. */
  readonly xz?: string;
  /** The only decoder of bzip2. */
  readonly bzip2?: string;
  /** Used if Node has no zstd. */
  readonly zstd?: string;
}

/** The presets of xz need up to 65 MiB; a hostile file can ask for 4 GiB. Nix has no such limit. */
export const maxXzMemory = '512 MiB';

const chunkSize = 512 * 1024;

/** A file that is read once, from start to end, and must not change meanwhile. */
export class SteadyFile implements ChunkSource {
  readonly size: number;
  readonly #path: string;
  readonly #handle: FileHandle;
  readonly #before: BigIntStats;
  readonly #onChunk: (chunk: Buffer) => void;
  readonly #buffers = Array.from({ length: 3 }, () => Buffer.allocUnsafeSlow(chunkSize));
  #reads = 0;
  #ahead: Promise<Buffer | undefined> | undefined;

  static async open(path: string, onChunk: (chunk: Buffer) => void): Promise<SteadyFile> {
    const before = await stat(path, { bigint: true }).catch(unreadable(path));
    if (!before.isFile()) throw new LocalFailure('unreadable', `${path} is not a regular file.`);
    const handle = await open(path).catch(unreadable(path));
    return new SteadyFile(path, handle, before, onChunk);
  }

  private constructor(path: string, handle: FileHandle, before: BigIntStats, onChunk: (chunk: Buffer) => void) {
    this.size = Number(before.size);
    this.#path = path;
    this.#handle = handle;
    this.#before = before;
    this.#onChunk = onChunk;
  }

  /** The next chunk. Reads one chunk ahead. */
  async next(): Promise<Buffer | undefined> {
    const chunk = await (this.#ahead ?? this.#read());
    this.#ahead = chunk && this.#read();
    this.#ahead?.catch(() => {});
    if (chunk) this.#onChunk(chunk);
    return chunk;
  }

  /** Bytes at a position, fewer at the end of the file. Does not move next(). */
  readonly readAt = async (position: number, length: number): Promise<Buffer> => {
    const buffer = Buffer.allocUnsafeSlow(length);
    let done = 0;
    while (done < length) {
      const { bytesRead } = await this.#handle
        .read(buffer, done, length - done, position + done)
        .catch(unreadable(this.#path));
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return buffer.subarray(0, done);
  };

  /** Call it after the last chunk: refuses a file that was changed, replaced or truncated meanwhile. */
  async assertSame(): Promise<void> {
    const after = await stat(this.#path, { bigint: true }).catch(unreadable(this.#path));
    const opened = await this.#handle.stat({ bigint: true });
    const keys = ['size', 'mtimeNs', 'ino', 'dev'] as const;
    const same = keys.every((key) => after[key] === this.#before[key] && opened[key] === this.#before[key]);
    if (!same) throw new LocalFailure('changed', `${this.#path} changed while it was read; run this again.`);
  }

  async close(): Promise<void> {
    await this.#ahead?.catch(() => {});
    await this.#handle.close();
  }

  async #read(): Promise<Buffer | undefined> {
    const buffer = this.#buffers[this.#reads++ % this.#buffers.length] ?? Buffer.alloc(0);
    const { bytesRead } = await this.#handle.read(buffer, 0, chunkSize).catch(unreadable(this.#path));
    return bytesRead === 0 ? undefined : buffer.subarray(0, bytesRead);
  }
}

function unreadable(path: string): (cause: NodeJS.ErrnoException) => never {
  return (cause) => {
    throw new LocalFailure('unreadable', `${path} cannot be read (${cause.code ?? 'unknown error'}).`, { cause });
  };
}

export interface FileDigests {
  readonly size: number;
  /** Hex. */
  readonly sha256: string;
  /** Base64, one for each part; an empty file has one empty part. */
  readonly partSha256s: readonly string[];
}

/** SHA-256 of a file and of its parts, in one pass. */
export class FileHashes {
  readonly #partSize: number;
  readonly #whole = createHash('sha256');
  readonly #finished: string[] = [];
  #part = createHash('sha256');
  #inPart = 0;
  #size = 0;

  constructor(partSize: number) {
    if (!Number.isSafeInteger(partSize) || partSize < 1)
      throw new RangeError('the part size must be a positive integer');
    this.#partSize = partSize;
  }

  update(chunk: Uint8Array): void {
    this.#whole.update(chunk);
    this.#size += chunk.length;
    for (let at = 0; at < chunk.length; ) {
      if (this.#inPart === this.#partSize) this.#closePart();
      const end = Math.min(chunk.length, at + this.#partSize - this.#inPart);
      this.#part.update(chunk.subarray(at, end));
      this.#inPart += end - at;
      at = end;
    }
  }

  finish(): FileDigests {
    this.#closePart();
    return { size: this.#size, sha256: this.#whole.digest('hex'), partSha256s: this.#finished };
  }

  #closePart(): void {
    this.#finished.push(this.#part.digest('base64'));
    this.#part = createHash('sha256');
    this.#inPart = 0;
  }
}

/** Whether the archive is read: every format that Nix unpacks except .zip. */
export function isTarballName(path: string): boolean {
  const format = tarballFormatOf(path);
  return format !== undefined && format !== '.zip';
}

import { createHash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { tarballFormatOf } from '../domain/names.ts';
import { LocalFailure } from './archive-refused.ts';
import type { ChunkSource } from './decode/source.ts';

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

import { randomUUID } from 'node:crypto';
import { constants, fstatSync, readSync, statfsSync, write } from 'node:fs';
import { open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { formatBytes } from '../domain/release.ts';
import { ArchiveRefused, LocalFailure } from './archive-refused.ts';

interface SpoolOptions {
  readonly directory: string;
  readonly maxBytes: number;
  /** Bytes that must stay free on the file system. */
  readonly reserve?: number;
  readonly freeBytes?: (directory: string) => number;
}

const spaceCheckBytes = 16 * 1024 * 1024;

/**
 * The decoded archive: an unlinked temporary file, so that nothing is left behind whatever happens. It is read while it is written,
 * by this process or another one.
 */
export class Spool {
  readonly fd: number;
  readonly #close: () => Promise<void>;
  readonly #options: SpoolOptions;
  #size = 0;
  #checkedAt = 0;
  #ended = false;
  #failure: unknown;
  #wake: (() => void) | undefined;

  static async open(options: SpoolOptions, expected: number): Promise<Spool> {
    const path = join(options.directory, `.nar-spool-${randomUUID()}`);
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL;
    const handle = await open(path, flags, 0o600).catch((cause) => {
      const why = cause.code ?? 'unknown error';
      throw new LocalFailure('unreadable', `No temporary file can be made in ${options.directory} (${why}).`, {
        cause,
      });
    });
    try {
      await unlink(path);
      const spool = new Spool(handle.fd, () => handle.close(), options);
      spool.#checkSpace(expected);
      return spool;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  private constructor(fd: number, close: () => Promise<void>, options: SpoolOptions) {
    this.fd = fd;
    this.#close = close;
    this.#options = options;
  }

  get size(): number {
    return this.#size;
  }

  async append(chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.length; ) {
      const position = this.#size;
      const written = await new Promise<number>((resolve, reject) => {
        write(this.fd, chunk, at, chunk.length - at, position, (error, n) =>
          error ? reject(this.describe(error)) : resolve(n),
        );
      });
      at += written;
      this.grew(this.#size + written);
    }
  }

  /** For when another process writes to `fd`. */
  refreshSize(): void {
    this.grew(fstatSync(this.fd).size);
  }

  grew(size: number): void {
    if (size > this.#options.maxBytes) {
      throw new ArchiveRefused(`unpacks to more than ${formatBytes(this.#options.maxBytes)}`);
    }
    if (size <= this.#size) return;
    this.#size = size;
    if (size - this.#checkedAt >= spaceCheckBytes) this.#checkSpace(0);
    this.#notify();
  }

  end(failure?: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#failure = failure;
    this.#notify();
  }

  /** Waits for the bytes up to `end`; false when the archive ends before. */
  async reaches(end: number): Promise<boolean> {
    while (this.#size < end && !this.#ended) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#size < end && this.#failure !== undefined) throw this.#failure;
    return this.#size >= end;
  }

  read(target: Uint8Array, at: number, length: number, position: number): void {
    for (let done = 0; done < length; ) {
      const n = readSync(this.fd, target, at + done, length - done, position + done);
      if (n === 0) throw new LocalFailure('unreadable', 'The temporary file is shorter than what was written to it.');
      done += n;
    }
  }

  describe(error: NodeJS.ErrnoException): Error {
    if (error.code !== 'ENOSPC' && error.code !== 'EDQUOT') return error;
    return this.full(error);
  }

  full(cause?: unknown): LocalFailure {
    const text = `There is no space left in ${this.#options.directory} to unpack the archive; set TMPDIR to a directory with more.`;
    return new LocalFailure('no-space', text, { cause });
  }

  async close(): Promise<void> {
    this.end();
    await this.#close();
  }

  #checkSpace(expected: number): void {
    this.#checkedAt = this.#size;
    const { directory, reserve = 64 * 1024 * 1024, freeBytes = freeBytesOf } = this.#options;
    if (freeBytes(directory) < reserve + expected) throw this.full();
  }

  #notify(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}

function freeBytesOf(directory: string): number {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize;
}

const windowSize = 256 * 1024;
const small = 64 * 1024;

/** Reads that are close to each other, and go forward, share one system call. */
export class SpoolReader {
  readonly #spool: Spool;
  readonly #window = Buffer.allocUnsafeSlow(windowSize);
  #from = 0;
  #end = 0;
  #last = 0;

  constructor(spool: Spool) {
    this.#spool = spool;
  }

  get size(): number {
    return this.#spool.size;
  }

  /** Valid until the next call of view or read. */
  view(position: number, length: number): Buffer {
    this.#last = position + length;
    if (length > windowSize) {
      const large = Buffer.allocUnsafeSlow(length);
      this.#spool.read(large, 0, length, position);
      return large;
    }
    if (!this.#holds(position, length)) this.#fill(position);
    return this.#window.subarray(position - this.#from, position - this.#from + length);
  }

  read(target: Buffer, at: number, length: number, position: number): void {
    const goesOn = position >= this.#last && position - this.#last < small && length <= small;
    this.#last = position + length;
    const held = this.#holds(position, length);
    if (!held && !goesOn) {
      this.#spool.read(target, at, length, position);
      return;
    }
    if (!held) this.#fill(position);
    this.#window.copy(target, at, position - this.#from, position - this.#from + length);
  }

  #holds(position: number, length: number): boolean {
    return position >= this.#from && position + length <= this.#end;
  }

  #fill(position: number): void {
    this.#from = position;
    this.#end = Math.min(this.#spool.size, position + windowSize);
    this.#spool.read(this.#window, 0, this.#end - position, position);
  }
}

/** Where large temporary files go. /tmp is often in memory. */
export function spoolDirectory(env: Readonly<Record<string, string | undefined>>): string {
  return env.TMPDIR || '/var/tmp';
}

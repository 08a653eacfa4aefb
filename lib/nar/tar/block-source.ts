import type { Spool } from '../spool.ts';

const windowSize = 64 * 1024;

/** Reads the archive at any place, waiting for what has not arrived; small neighbouring reads share one system call. */
export class BlockSource {
  readonly #spool: Spool;
  readonly #window = Buffer.allocUnsafe(windowSize);
  #from = 0;
  #length = 0;

  constructor(spool: Spool) {
    this.#spool = spool;
  }

  get size(): number {
    return this.#spool.size;
  }

  has(end: number): boolean | Promise<boolean> {
    return end <= this.#spool.size || this.#spool.reaches(end);
  }

  /** Bytes that are there already; valid until the next call. */
  view(position: number, length: number): Buffer {
    if (length > windowSize) {
      const large = Buffer.allocUnsafe(length);
      this.#spool.read(large, 0, length, position);
      return large;
    }
    if (position < this.#from || position + length > this.#from + this.#length) {
      this.#length = Math.min(windowSize, this.#spool.size - position);
      this.#from = position;
      this.#spool.read(this.#window, 0, this.#length, position);
    }
    return this.#window.subarray(position - this.#from, position - this.#from + length);
  }
}

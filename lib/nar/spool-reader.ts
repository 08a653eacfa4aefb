import type { Spool } from './spool.ts';

const windowSize = 256 * 1024;
const small = 64 * 1024;

/** Reads contents in the order of the tree, which mostly is nearly that of the archive: small ones that lie close together share a read. */
export class SpoolReader {
  readonly #spool: Spool;
  readonly #window = Buffer.allocUnsafe(windowSize);
  #from = 0;
  #end = 0;
  #last = 0;

  constructor(spool: Spool) {
    this.#spool = spool;
  }

  read(target: Buffer, at: number, length: number, position: number): void {
    const held = position >= this.#from && position + length <= this.#end;
    const goesOn = position >= this.#last && position - this.#last < small && length <= small;
    this.#last = position + length;
    if (!held && !goesOn) {
      this.#spool.read(target, at, length, position);
      return;
    }
    if (!held) {
      this.#from = position;
      this.#end = Math.min(this.#spool.size, position + windowSize);
      this.#spool.read(this.#window, 0, this.#end - position, position);
    }
    this.#window.copy(target, at, position - this.#from, position - this.#from + length);
  }
}

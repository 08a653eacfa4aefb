import { damaged } from '../unreadable-data.ts';
import type { BitReader } from './bit-reader.ts';

const longest = 20;
const quick = 10;

/** A canonical prefix code, of which only the lengths are known. */
export class PrefixCode {
  /** For the next `quick` bits: length × 512 + symbol, or 0 where the code is longer. */
  readonly #quick = new Uint16Array(1 << quick);
  /** For each length: the first code that is too large for it, its first code, and where its symbols begin. */
  readonly #limit = new Int32Array(longest + 1);
  readonly #first = new Int32Array(longest + 1);
  readonly #start = new Int32Array(longest + 1);
  readonly #symbols: Uint16Array;

  constructor(lengths: Uint8Array) {
    this.#symbols = new Uint16Array(lengths.length);
    let code = 0;
    let used = 0;
    for (let length = 1; length <= longest; length++) {
      this.#first[length] = code;
      this.#start[length] = used;
      lengths.forEach((own, symbol) => {
        if (own !== length) return;
        this.#symbols[used++] = symbol;
        if (length <= quick) this.#fill(code, length, symbol);
        code++;
      });
      this.#limit[length] = code;
      code <<= 1;
    }
  }

  read(bits: BitReader): number {
    const entry = this.#quick[bits.peek(quick)] ?? 0;
    if (entry !== 0) {
      bits.skip(entry >>> 9);
      return entry & 511;
    }
    return this.#readLong(bits);
  }

  #readLong(bits: BitReader): number {
    for (let length = quick + 1; length <= longest; length++) {
      const code = bits.peek(length);
      if (code < (this.#limit[length] ?? 0)) {
        bits.skip(length);
        const index = (this.#start[length] ?? 0) + code - (this.#first[length] ?? 0);
        const symbol = this.#symbols[index];
        if (symbol === undefined) break;
        return symbol;
      }
    }
    throw damaged('bzip2');
  }

  #fill(code: number, length: number, symbol: number): void {
    const from = code << (quick - length);
    this.#quick.fill(length * 512 + symbol, from, from + (1 << (quick - length)));
  }
}

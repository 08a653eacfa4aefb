import { damaged } from '../unreadable-data.ts';
import type { BitReader } from './bit-reader.ts';
import { PrefixCode } from './prefix-code.ts';

const symbolsInGroup = 50;
const mostSelectors = 18_002;

/** A block as it was after the Burrows–Wheeler transform: its bytes in the low 8 bits, `length` of them, and where the text begins. */
export interface TransformedBlock {
  readonly bytes: Uint32Array;
  readonly length: number;
  readonly origin: number;
}

/** What stands behind a block's magic and checksum. `bytes` has room for the largest block of the stream and is used again. */
export function readBlock(bits: BitReader, bytes: Uint32Array): TransformedBlock {
  if (bits.read(1) === 1) throw damaged('bzip2');
  const origin = bits.read(24);
  const alphabet = readAlphabet(bits);
  const tableCount = bits.read(3);
  if (tableCount < 2 || tableCount > 6) throw damaged('bzip2');
  const selectors = readSelectors(bits, tableCount);
  const codes = Array.from({ length: tableCount }, () => new PrefixCode(readLengths(bits, alphabet.length + 2)));
  const length = readSymbols(
    bits,
    bytes,
    alphabet,
    Array.from(selectors, (selector) => codes[selector]),
  );
  if (bits.overrun || origin >= length) throw damaged('bzip2');
  return { bytes, length, origin };
}

function readAlphabet(bits: BitReader): number[] {
  const ranges = bits.read(16);
  const alphabet: number[] = [];
  for (let range = 0; range < 16; range++) {
    if (!(ranges & (0x8000 >> range))) continue;
    const present = bits.read(16);
    for (let low = 0; low < 16; low++) if (present & (0x8000 >> low)) alphabet.push(range * 16 + low);
  }
  if (alphabet.length === 0) throw damaged('bzip2');
  return alphabet;
}

/** Which code each group of 50 symbols has, moved to front. Some writers have more selectors than a block can use. */
function readSelectors(bits: BitReader, tableCount: number): Uint8Array {
  const count = bits.read(15);
  const selectors = new Uint8Array(Math.min(count, mostSelectors));
  const recent = [0, 1, 2, 3, 4, 5];
  for (let at = 0; at < count; at++) {
    let place = 0;
    while (bits.read(1) === 1) if (++place >= tableCount) throw damaged('bzip2');
    const [selector = 0] = recent.splice(place, 1);
    recent.unshift(selector);
    if (at < selectors.length) selectors[at] = selector;
  }
  return selectors;
}

function readLengths(bits: BitReader, count: number): Uint8Array {
  const lengths = new Uint8Array(count);
  let length = bits.read(5);
  for (let symbol = 0; symbol < count; symbol++) {
    for (;;) {
      if (length < 1 || length > 20 || bits.overrun) throw damaged('bzip2');
      if (bits.read(1) === 0) break;
      length += bits.read(1) === 0 ? 1 : -1;
    }
    lengths[symbol] = length;
  }
  return lengths;
}

/** Undoes the prefix codes, the runs and the move to front. */
function readSymbols(
  bits: BitReader,
  bytes: Uint32Array,
  alphabet: number[],
  codes: readonly (PrefixCode | undefined)[],
): number {
  const end = alphabet.length + 1;
  const recent = Uint8Array.from(alphabet);
  let length = 0;
  let run = 0;
  let weight = 1;
  for (const code of codes) {
    if (code === undefined || bits.overrun) break;
    for (let at = 0; at < symbolsInGroup; at++) {
      const symbol = code.read(bits);
      if (symbol < 2) {
        run += weight << symbol;
        weight <<= 1;
        if (run > bytes.length) throw damaged('bzip2');
        continue;
      }
      if (run > 0) {
        if (length + run > bytes.length) throw damaged('bzip2');
        bytes.fill(recent[0] ?? 0, length, length + run);
        length += run;
        run = 0;
        weight = 1;
      }
      if (symbol === end) return length;
      if (length === bytes.length) throw damaged('bzip2');
      const byte = recent[symbol - 1] ?? 0;
      recent.copyWithin(1, 0, symbol - 1);
      recent[0] = byte;
      bytes[length++] = byte;
    }
  }
  throw damaged('bzip2');
}

import { damaged } from '../unreadable-data.ts';
import type { TransformedBlock } from './read-block.ts';

const chunkSize = 256 * 1024;

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x80000000 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  return crc;
});

/** The text of a block: undoes the Burrows–Wheeler transform and the first run-length coding, and checks the block's checksum at its end. */
export function* blockText(block: TransformedBlock, checksum: number): Generator<Buffer, void, undefined> {
  const { bytes, length } = block;
  link(block);
  let out = Buffer.allocUnsafe(chunkSize);
  let used = 0;
  let crc = -1;
  let entry = bytes[(bytes[block.origin] ?? 0) >>> 8] ?? 0;
  let last = -1;
  let same = 0;
  for (let at = 0; at < length; at++) {
    const byte = entry & 0xff;
    entry = bytes[entry >>> 8] ?? 0;
    let repeat = 1;
    if (same === 4) {
      // After four equal bytes stands how often they go on.
      repeat = byte;
      same = 0;
    } else {
      same = byte === last ? same + 1 : 1;
      last = byte;
    }
    for (; repeat > 0; repeat--) {
      if (used === chunkSize) {
        yield out;
        out = Buffer.allocUnsafe(chunkSize);
        used = 0;
      }
      out[used++] = last;
      crc = (crc << 8) ^ (crcTable[(crc >>> 24) ^ last] ?? 0);
    }
  }
  yield out.subarray(0, used);
  if (~crc >>> 0 !== checksum) throw damaged('bzip2');
}

/** Puts into the upper 24 bits of each entry which one follows it in the text. */
function link({ bytes, length }: TransformedBlock): void {
  const next = new Int32Array(257);
  for (let at = 0; at < length; at++) {
    const after = ((bytes[at] ?? 0) & 0xff) + 1;
    next[after] = (next[after] ?? 0) + 1;
  }
  for (let byte = 1; byte < 257; byte++) next[byte] = (next[byte] ?? 0) + (next[byte - 1] ?? 0);
  for (let at = 0; at < length; at++) {
    const byte = (bytes[at] ?? 0) & 0xff;
    const place = next[byte] ?? 0;
    next[byte] = place + 1;
    bytes[place] = (bytes[place] ?? 0) | (at << 8);
  }
}

import { ArchiveRefused } from '../archive-refused.ts';
import type { BlockSource } from './block-source.ts';
import { badMap, oldSparsePairs } from './sparse-map.ts';
import { blockSize, type TarHeader } from './tar-header.ts';
import { tarNumber } from './tar-number.ts';

/** A map of that many pieces is a megabyte; real ones have a handful. */
const mostPairs = 65_536;

/** GNU tar's old format: four pairs in the header, 21 in each block that follows while a flag says so. */
export async function readOldSparse(
  source: BlockSource,
  header: TarHeader,
  data: number,
  path: string,
): Promise<{ readonly pairs: readonly number[]; readonly realSize: number; readonly next: number }> {
  const realSize = tarNumber(header.block.subarray(483, 495));
  if (realSize === undefined || realSize < 0) throw badMap(path);
  const pairs = [...oldSparsePairs(header.block, 386, 4, path)];
  let next = data;
  for (let more = header.block[482] !== 0; more; next += blockSize) {
    if (!(await source.has(next + blockSize))) throw new ArchiveRefused('is cut off in the middle of its map', path);
    const block = source.view(next, blockSize);
    pairs.push(...oldSparsePairs(block, 0, 21, path));
    if (pairs.length > 2 * mostPairs) throw badMap(path);
    more = block[504] !== 0;
  }
  return { pairs, realSize, next };
}

/** Format 1.0: decimal numbers, one a line, before the content, filled up to a whole block: how many, then the pairs. */
export function readSparseInData(
  source: BlockSource,
  data: number,
  stored: number,
  path: string,
): { readonly pairs: readonly number[]; readonly used: number } {
  const numbers: number[] = [];
  let digits = '';
  for (let used = 0; used + blockSize <= Math.ceil(stored / blockSize) * blockSize; ) {
    const text = source.view(data + used, blockSize).toString('latin1');
    used += blockSize;
    for (const character of text) {
      if (character === '\n') {
        if (!/^[0-9]{1,16}$/.test(digits)) throw badMap(path);
        numbers.push(Number(digits));
        digits = '';
        const count = numbers[0] ?? 0;
        if (count > mostPairs) throw badMap(path);
        if (numbers.length === 1 + 2 * count) return { pairs: numbers.slice(1), used };
      } else if (digits.length > 16) throw badMap(path);
      else digits += character;
    }
  }
  throw badMap(path);
}

import { ArchiveRefused } from '../archive-refused.ts';
import { type BlockSource, blockSize, type PaxRecord, paxNumber, type TarHeader, tarNumber } from './header.ts';

/** Where the stored bytes of a sparse file belong, as pairs of offset and length; the rest is zeros. */
export interface SparseMap {
  readonly pairs: readonly number[];
  readonly realSize: number;
}

/** Checks that the pairs are in ascending order, do not overlap, end within the file, and add up to the stored size. */
export function checkedSparseMap(map: SparseMap, stored: number, path: string): SparseMap {
  let end = 0;
  let sum = 0;
  for (let at = 0; at < map.pairs.length; at += 2) {
    const offset = map.pairs[at] ?? 0;
    const length = map.pairs[at + 1] ?? 0;
    if (offset < end || length < 0 || !Number.isSafeInteger(offset + length)) throw badMap(path);
    end = offset + length;
    sum += length;
  }
  // To Nix the file ends where the map ends; GNU tar writes the end of the file into the map.
  if (end !== map.realSize || sum !== stored) throw badMap(path);
  // Nix 2.26 makes an empty file of it.
  if (sum === 0 && end > 0)
    throw new ArchiveRefused('is a sparse file of holes only, on which versions of Nix differ', path);
  return map;
}

/** Formats 0.0 and 0.1 of GNU tar have the map in the extended header. */
export function sparseMapOfRecords(records: readonly PaxRecord[], realSize: number, path: string): SparseMap {
  const pairs: number[] = [];
  for (const [key, value] of records) {
    if (key === 'GNU.sparse.map') pairs.splice(0, pairs.length, ...value.split(',').map((n) => required(n, path)));
    if (key === 'GNU.sparse.offset' || key === 'GNU.sparse.numbytes') pairs.push(required(value, path));
  }
  if (pairs.length % 2 !== 0) throw badMap(path);
  return { pairs, realSize };
}

/** The old GNU format has the map in the header and in the blocks after it. */
function oldSparsePairs(block: Buffer, from: number, count: number, path: string): readonly number[] {
  const pairs: number[] = [];
  for (let at = from; at < from + count * 24; at += 24) {
    if (block[at] === 0) break;
    const offset = tarNumber(block.subarray(at, at + 12));
    const length = tarNumber(block.subarray(at + 12, at + 24));
    if (offset === undefined || length === undefined) throw badMap(path);
    pairs.push(offset, length);
  }
  return pairs;
}

function badMap(path: string): ArchiveRefused {
  return new ArchiveRefused('is a sparse file whose map is malformed', path);
}

function required(text: string, path: string): number {
  const value = paxNumber(text);
  if (value === undefined) throw badMap(path);
  return value;
}

/** Such a map is 1 MiB; real ones have a few pairs. */
const maxSparsePairs = 65_536;

/** The old GNU format: four pairs in the header, and 21 in each further block as long as a flag says that there is one. */
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
    if (pairs.length > 2 * maxSparsePairs) throw badMap(path);
    more = block[504] !== 0;
  }
  return { pairs, realSize, next };
}

/** Format 1.0: before the content, padded to whole blocks, decimal numbers, one per line: the number of pairs, then the pairs. */
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
        if (count > maxSparsePairs) throw badMap(path);
        if (numbers.length === 1 + 2 * count) return { pairs: numbers.slice(1), used };
      } else if (digits.length > 16) throw badMap(path);
      else digits += character;
    }
  }
  throw badMap(path);
}

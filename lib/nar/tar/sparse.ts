import { ArchiveRefused } from '../archive-refused.ts';
import { type BlockSource, blockSize, type PaxRecord, paxNumber, type TarHeader, tarNumber } from './header.ts';

/** Where the stored bytes of a sparse file belong; what lies between is zero. Pairs of offset and length, one after the other. */
export interface SparseMap {
  readonly pairs: readonly number[];
  readonly realSize: number;
}

/** Pairs in rising order that do not overlap, end within the file, and make up the stored size. */
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
  // Nix takes the end of the map for the end of the file; GNU tar writes the end of the file into the map.
  if (end !== map.realSize || sum !== stored) throw badMap(path);
  // Nix 2.26 makes an empty file of it.
  if (sum === 0 && end > 0)
    throw new ArchiveRefused('is a sparse file of holes alone, on which versions of Nix differ', path);
  return map;
}

/** GNU tar's formats 0.0 and 0.1 keep the map in the extended header. */
export function sparseMapOfRecords(records: readonly PaxRecord[], realSize: number, path: string): SparseMap {
  const pairs: number[] = [];
  for (const [key, value] of records) {
    if (key === 'GNU.sparse.map') pairs.splice(0, pairs.length, ...value.split(',').map((n) => required(n, path)));
    if (key === 'GNU.sparse.offset' || key === 'GNU.sparse.numbytes') pairs.push(required(value, path));
  }
  if (pairs.length % 2 !== 0) throw badMap(path);
  return { pairs, realSize };
}

/** GNU tar's old format keeps the map in the header and in blocks behind it. */
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

import { ArchiveRefused } from '../archive-refused.ts';
import { type PaxRecord, paxNumber } from './pax-records.ts';
import { tarNumber } from './tar-number.ts';

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
export function oldSparsePairs(block: Buffer, from: number, count: number, path: string): readonly number[] {
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

export function badMap(path: string): ArchiveRefused {
  return new ArchiveRefused('is a sparse file whose map is malformed', path);
}

function required(text: string, path: string): number {
  const value = paxNumber(text);
  if (value === undefined) throw badMap(path);
  return value;
}

import { ArchiveRefused } from '../archive-refused.ts';
import { tarNumber } from './tar-number.ts';

export const blockSize = 512;

export interface TarHeader {
  /** Bytes as a latin1 string, as everywhere here. */
  readonly path: string;
  readonly type: string;
  readonly mode: number;
  readonly size: number;
  readonly mtime: number;
  readonly link: string;
  readonly block: Buffer;
}

/** One block of 512 bytes that is not all zero. POSIX pax, "ustar Interchange Format"; GNU tar's tar.h. */
export function parseTarHeader(block: Buffer): TarHeader {
  const name = text(block, 0, 100);
  if (!checksumHolds(block)) throw new ArchiveRefused('has a header whose checksum is wrong');
  const magic = text(block, 257, 265);
  // GNU tar's magic is "ustar  "; it has other fields where ustar keeps the prefix.
  const prefix = magic.startsWith('ustar') && !magic.startsWith('ustar  ') ? text(block, 345, 500) : '';
  const path = prefix === '' ? name : `${prefix}${prefix.endsWith('/') ? '' : '/'}${name}`;
  const number = (from: number, to: number, what: string): number => {
    const value = tarNumber(block.subarray(from, to));
    if (value === undefined) throw new ArchiveRefused(`has a ${what} that is no number`, path);
    return value;
  };
  const size = number(124, 136, 'size');
  if (size < 0) throw new ArchiveRefused('has a negative size', path);
  return {
    path,
    type: String.fromCharCode(block[156] ?? 0),
    mode: number(100, 108, 'mode'),
    size,
    mtime: number(136, 148, 'modification time'),
    link: text(block, 157, 257),
    block,
  };
}

export function isZeroBlock(block: Buffer): boolean {
  return block.every((byte) => byte === 0);
}

/** Up to the first NUL. */
function text(block: Buffer, from: number, to: number): string {
  const end = block.subarray(from, to).indexOf(0);
  return block.toString('latin1', from, end < 0 ? to : from + end);
}

/** The sum counts its own field as blanks. Some old tars summed signed bytes. */
function checksumHolds(block: Buffer): boolean {
  let unsigned = 8 * 0x20;
  let signed = unsigned;
  for (let at = 0; at < blockSize; at++) {
    if (at === 148) at = 156;
    const byte = block[at] ?? 0;
    unsigned += byte;
    signed += byte < 0x80 ? byte : byte - 0x100;
  }
  const stored = tarNumber(block.subarray(148, 156));
  return stored === unsigned || stored === signed;
}

import { ArchiveRefused } from '../archive-refused.ts';
import type { Spool, SpoolReader } from '../spool.ts';

/**
 * A number of a tar header: octal digits (POSIX), or base 256 if the first bit is set (GNU, star). Undefined when it is neither, or
 * is not a safe integer.
 */
export function tarNumber(field: Uint8Array): number | undefined {
  const first = field[0] ?? 0;
  return first & 0x80 ? base256(field, first) : octal(field);
}

function base256(field: Uint8Array, first: number): number | undefined {
  let value = first & 0x40 ? first - 0x100 : first & 0x3f;
  for (const byte of field.subarray(1)) value = value * 256 + byte;
  return Number.isSafeInteger(value) ? value : undefined;
}

function octal(field: Uint8Array): number | undefined {
  let at = 0;
  while (field[at] === 0x20) at++;
  let value = 0;
  for (; at < field.length; at++) {
    const byte = field[at] ?? 0;
    if (byte === 0 || byte === 0x20) break;
    if (byte < 0x30 || byte > 0x37) return undefined;
    value = value * 8 + byte - 0x30;
  }
  return Number.isSafeInteger(value) ? value : undefined;
}

export const blockSize = 512;

export interface TarHeader {
  /** A latin1 string of its bytes, as everywhere here. */
  readonly path: string;
  readonly type: string;
  readonly mode: number;
  readonly size: number;
  readonly mtime: number;
  readonly link: string;
  /** Valid until anything else is read. */
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
    if (value === undefined) throw new ArchiveRefused(`has a ${what} that is not a number`, path);
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

/** Its own field counts as blanks. Some old tars sum signed bytes. */
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

export type PaxRecord = readonly [key: string, value: string];

/** "%d %s=%s\n", the length in bytes counting itself (POSIX pax, "pax Header Block"). Values are latin1 strings of their bytes. */
export function parsePaxRecords(body: Buffer): readonly PaxRecord[] {
  const records: PaxRecord[] = [];
  for (let at = 0; at < body.length; ) {
    const blank = body.indexOf(0x20, at);
    const digits = blank < 0 || blank - at > 8 ? '' : body.toString('latin1', at, blank);
    const end = at + Number(digits);
    const equals = body.indexOf(0x3d, blank);
    const wellFormed = /^[1-9][0-9]*$/.test(digits) && end <= body.length && equals > blank + 1 && equals < end - 1;
    if (!wellFormed || body[end - 1] !== 0x0a) throw new ArchiveRefused('has an extended header that is malformed');
    records.push([body.toString('latin1', blank + 1, equals), body.toString('latin1', equals + 1, end - 1)]);
    at = end;
  }
  return records;
}

/** In whole seconds, rounded towards zero. */
export function paxTime(value: string): number | undefined {
  const match = /^(-?[0-9]{1,18})(\.[0-9]*)?$/.exec(value);
  const seconds = match ? Number(match[1]) : undefined;
  return Number.isSafeInteger(seconds) ? seconds : undefined;
}

export function paxNumber(value: string): number | undefined {
  const number = /^[0-9]{1,16}$/.test(value) ? Number(value) : undefined;
  return Number.isSafeInteger(number) ? number : undefined;
}

/** Random access to the archive, waiting for what has not arrived. */
export class BlockSource {
  readonly #spool: Spool;
  readonly #reader: SpoolReader;

  constructor(spool: Spool, reader: SpoolReader) {
    this.#spool = spool;
    this.#reader = reader;
  }

  get size(): number {
    return this.#spool.size;
  }

  has(end: number): boolean | Promise<boolean> {
    return end <= this.#spool.size || this.#spool.reaches(end);
  }

  /** Bytes that have arrived; valid until anything else is read. */
  view(position: number, length: number): Buffer {
    return this.#reader.view(position, length);
  }
}

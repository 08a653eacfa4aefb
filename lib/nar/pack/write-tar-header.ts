import { isUtf8 } from 'node:buffer';
import { blockSize } from '../tar/tar-header.ts';

export interface HeaderFields {
  /** Bytes as a latin1 string. */
  readonly path: string;
  readonly type: '0' | '2' | '5';
  readonly mode: number;
  readonly size: number;
  readonly mtime: number;
  readonly link: string;
}

/** A ustar header, behind a pax header where ustar has no room. Nothing in it depends on the machine. */
export function writeTarHeader(fields: HeaderFields): Buffer {
  const split = splitPath(fields.path);
  const records: string[] = [];
  if (split === undefined) records.push(record('path', fields.path));
  if (fields.link.length > 100) records.push(record('linkpath', fields.link));
  if (fields.size > 0o77777777777) records.push(record('size', `${fields.size}`));
  if (fields.mtime > 0o77777777777) records.push(record('mtime', `${fields.mtime}`));
  const plain = ustar({
    ...fields,
    name: split?.name ?? fields.path.slice(0, 100),
    prefix: split?.prefix ?? '',
    link: fields.link.slice(0, 100),
    size: fields.size > 0o77777777777 ? 0 : fields.size,
    mtime: Math.min(fields.mtime, 0o77777777777),
  });
  if (records.length === 0) return plain;
  // Otherwise a reader takes the values for UTF-8 (POSIX pax, hdrcharset).
  if (!isUtf8(Buffer.from(records.join(''), 'latin1'))) records.unshift(record('hdrcharset', 'BINARY'));
  const body = Buffer.from(records.join(''), 'latin1');
  const extended = ustar({
    name: '././@PaxHeader',
    prefix: '',
    type: 'x',
    mode: 0o644,
    size: body.length,
    mtime: Math.min(fields.mtime, 0o77777777777),
    link: '',
  });
  return Buffer.concat([extended, body, Buffer.alloc(paddingOf(body.length)), plain]);
}

export function paddingOf(size: number): number {
  return (blockSize - (size % blockSize)) % blockSize;
}

type Ustar = Omit<HeaderFields, 'path' | 'type'> & {
  readonly name: string;
  readonly prefix: string;
  readonly type: string;
};

function ustar({ name, prefix, type, mode, size, mtime, link }: Ustar): Buffer {
  const block = Buffer.alloc(blockSize);
  const octal = (value: number, at: number, digits: number) =>
    block.write(`${value.toString(8).padStart(digits, '0')}\0`, at, 'latin1');
  block.write(name, 0, 'latin1');
  octal(mode, 100, 7);
  octal(0, 108, 7);
  octal(0, 116, 7);
  octal(size, 124, 11);
  octal(mtime, 136, 11);
  block.write(`        ${type}`, 148, 'latin1');
  block.write(link, 157, 'latin1');
  block.write('ustar\x0000', 257, 'latin1');
  octal(0, 329, 7);
  octal(0, 337, 7);
  block.write(prefix, 345, 'latin1');
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

/** Undefined when no slash divides it into at most 155 and 100 bytes. */
function splitPath(path: string): { readonly name: string; readonly prefix: string } | undefined {
  if (path.length <= 100) return { name: path, prefix: '' };
  const slash = path.indexOf('/', path.length - 101);
  if (slash < 1 || slash > 155 || slash === path.length - 1) return undefined;
  return { prefix: path.slice(0, slash), name: path.slice(slash + 1) };
}

/** "%d %s=%s\n", the length counting its own digits. */
function record(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length + 1;
  while (`${length}`.length + rest.length !== length) length++;
  return `${length}${rest}`;
}

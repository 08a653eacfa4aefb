import { isUtf8 } from 'node:buffer';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { ArchiveRefused, LocalFailure, printableName } from '../archive-refused.ts';
import { blockSize } from '../tar/header.ts';

interface HeaderFields {
  /** Bytes as a latin1 string. */
  readonly path: string;
  readonly type: '0' | '2' | '5';
  readonly mode: number;
  readonly size: number;
  readonly mtime: number;
  readonly link: string;
}

/** A ustar header, after a pax header if ustar has no room. Nothing in it depends on the machine. */
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
  // Without it readers decode the values as UTF-8 (POSIX pax, hdrcharset).
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

/** Undefined when it cannot be split at a slash into at most 155 and 100 bytes. */
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

const topDirectory = 'source';
const readSize = 256 * 1024;

/**
 * A tar that depends only on the entries and the time: in byte order of the paths, below one directory `source`, owned by root, and
 * all with one time. Missing parent directories are added.
 */
export async function* tarOfEntries(
  entries: readonly PackEntry[],
  lastModified: number,
  onRead: (bytes: number) => void,
): AsyncGenerator<Buffer, void, undefined> {
  yield header({ path: `${topDirectory}/`, type: '5', mode: 0o755 }, lastModified);
  for (const entry of inOrder(entries)) {
    const path = `${topDirectory}/${entry.path}`;
    if (entry.kind === 'directory') yield header({ path: `${path}/`, type: '5', mode: 0o755 }, lastModified);
    else if (entry.kind === 'symlink') yield header({ path, type: '2', mode: 0o777, link: entry.target }, lastModified);
    else {
      const mode = entry.executable ? 0o755 : 0o644;
      yield header({ path, type: '0', mode, size: entry.size }, lastModified);
      for await (const chunk of contentOf(entry)) {
        onRead(chunk.length);
        yield chunk;
      }
      yield Buffer.alloc(paddingOf(entry.size));
    }
  }
  yield Buffer.alloc(2 * blockSize);
}

function header(fields: Pick<HeaderFields, 'path' | 'type' | 'mode'> & Partial<HeaderFields>, mtime: number) {
  return writeTarHeader({ size: 0, link: '', mtime, ...fields });
}

function inOrder(entries: readonly PackEntry[]): readonly PackEntry[] {
  if (entries.length === 0) throw new ArchiveRefused('would be empty');
  const byPath = new Map<string, PackEntry>();
  for (const entry of entries) {
    if (byPath.has(entry.path)) throw new ArchiveRefused('is listed twice', entry.path);
    byPath.set(entry.path, entry);
  }
  for (const { path } of entries) {
    for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
      const parent = path.slice(0, slash);
      const known = byPath.get(parent);
      if (known !== undefined && known.kind !== 'directory')
        throw new ArchiveRefused(`lies below a ${known.kind}`, path);
      if (known === undefined) byPath.set(parent, impliedDirectory(parent));
    }
  }
  return [...byPath.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

function impliedDirectory(path: string): PackEntry {
  return { path, kind: 'directory', executable: false, target: '', source: Buffer.alloc(0), size: 0 };
}

/** Exactly as many bytes as the entry's size, or an error. */
async function* contentOf(entry: PackEntry): AsyncGenerator<Buffer, void, undefined> {
  if (entry.content !== undefined) {
    yield entry.content;
    return;
  }
  const handle = await open(entry.source, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    (cause) => {
      throw new LocalFailure('unreadable', `${shown(entry)} cannot be read (${cause.code}).`, { cause });
    },
  );
  try {
    let left = entry.size;
    for (;;) {
      const buffer = Buffer.allocUnsafeSlow(Math.min(readSize, left + 1));
      const { bytesRead } = await handle.read(buffer, 0, buffer.length);
      left -= bytesRead;
      if (left < 0 || (bytesRead === 0 && left > 0)) {
        throw new LocalFailure('changed', `${shown(entry)} changed while it was read; run this again.`);
      }
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}

function shown(entry: PackEntry): string {
  return printableName(entry.source.toString('latin1'));
}

/** An entry of the archive. The path is relative to the root; path and target are latin1 strings of their bytes. */
export interface PackEntry {
  readonly path: string;
  readonly kind: 'file' | 'directory' | 'symlink';
  readonly executable: boolean;
  /** Of a symlink. */
  readonly target: string;
  /** The path of the file on disk, as bytes. */
  readonly source: Buffer;
  /** Of a file that is not on disk. */
  readonly content?: Buffer;
  readonly size: number;
}

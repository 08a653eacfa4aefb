import { formatBytes } from '../../domain/release.ts';
import { ArchiveRefused, defaultLimits } from '../archive-refused.ts';
import type { TarEntry } from '../tree.ts';

/** A file with random access. */
interface ZipSource {
  readonly size: number;
  readonly readAt: (position: number, length: number) => Promise<Buffer>;
}

const endSize = 22;
const maxCommentBytes = 0xffff;
const headerSize = 46;
const signatures = { end: 0x06054b50, end64: 0x06064b50, locator64: 0x07064b50, header: 0x02014b50 } as const;

/**
 * The entries of a zip's central directory (PKWARE's APPNOTE, 4.3.12) without their content: sizes, times and the targets of
 * symlinks are not read.
 */
export async function* readZip(source: ZipSource): AsyncGenerator<TarEntry, void, undefined> {
  const directory = await centralDirectory(source);
  for (let at = 0; at < directory.length; ) {
    if (at + headerSize > directory.length || directory.readUInt32LE(at) !== signatures.header) throw damaged();
    const [name, extra, comment] = [28, 30, 32].map((field) => directory.readUInt16LE(at + field)) as Lengths;
    const end = at + headerSize + name;
    if (end + extra + comment > directory.length) throw damaged();
    yield entryOf(directory.toString('latin1', at + headerSize, end), modeOf(directory, at));
    at = end + extra + comment;
  }
}

type Lengths = [name: number, extra: number, comment: number];

function entryOf(name: string, mode: number): TarEntry {
  // libarchive reads backslashes as slashes in a name without slashes.
  const path = name.includes('/') ? name : name.replaceAll('\\', '/');
  const type = mode & 0o170000;
  const kind = type === 0o040000 || path.endsWith('/') ? 'directory' : type === 0o120000 ? 'symlink' : 'file';
  const link = kind === 'symlink' ? 'not read' : '';
  return { kind, path, link, mtime: 0, executable: false, unreadable: (mode & 0o400) === 0, size: 0, offset: 0 };
}

/** Only Unix (host 3) writes a mode. */
function modeOf(directory: Buffer, at: number): number {
  const mode = directory.readUInt16LE(at + 40);
  return directory[at + 5] === 3 && mode !== 0 ? mode : 0o644;
}

async function centralDirectory(source: ZipSource): Promise<Buffer> {
  const { size, offset, end } = await endOfDirectory(source);
  if (size > defaultLimits.maxNameBytes)
    throw new ArchiveRefused(`has over ${formatBytes(defaultLimits.maxNameBytes)} of names`);
  if (size === 0) return Buffer.alloc(0);
  // If there is other data before the zip, offsets may be wrong by its size; the directory still ends where the end record begins.
  for (const start of [offset, end - size]) {
    if (start < 0 || start + size > end) continue;
    const directory = await source.readAt(start, size);
    if (directory.length === size && size >= headerSize && directory.readUInt32LE(0) === signatures.header)
      return directory;
  }
  throw damaged();
}

async function endOfDirectory(source: ZipSource): Promise<{ size: number; offset: number; end: number }> {
  const from = Math.max(0, source.size - endSize - maxCommentBytes);
  const tail = await source.readAt(from, source.size - from);
  let at = tail.length - endSize;
  while (at >= 0 && !(tail.readUInt32LE(at) === signatures.end && isEnd(tail, at))) at--;
  if (at < 0) throw damaged();
  const locator = at - 20;
  if (locator >= 0 && tail.readUInt32LE(locator) === signatures.locator64) {
    const position = safe(tail.readBigUInt64LE(locator + 8));
    const record = await source.readAt(position, 56);
    if (record.length < 56 || record.readUInt32LE(0) !== signatures.end64) throw damaged();
    return { size: safe(record.readBigUInt64LE(40)), offset: safe(record.readBigUInt64LE(48)), end: position };
  }
  return { size: tail.readUInt32LE(at + 12), offset: tail.readUInt32LE(at + 16), end: from + at };
}

/** The comment must fill the rest of the file. */
const isEnd = (tail: Buffer, at: number): boolean => at + endSize + tail.readUInt16LE(at + 20) === tail.length;

function safe(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw damaged();
  return Number(value);
}

const damaged = (): ArchiveRefused => new ArchiveRefused('is damaged: its zip directory cannot be read');

import { ArchiveRefused } from '../archive-refused.ts';
import type { BlockSource } from './block-source.ts';
import { checkGlobalRecords, EntryAttributes } from './entry-attributes.ts';
import { parsePaxRecords } from './pax-records.ts';
import { readOldSparse, readSparseInData } from './read-sparse.ts';
import { checkedSparseMap, sparseMapOfRecords } from './sparse-map.ts';
import type { TarEntry } from './tar-entry.ts';
import { blockSize, isZeroBlock, parseTarHeader, type TarHeader } from './tar-header.ts';

/** libarchive's limit for extended headers and long names. */
const longestExtension = 1024 * 1024;

const kinds: Readonly<Record<string, TarEntry['kind']>> = {
  '\0': 'file',
  '0': 'file',
  '7': 'file',
  S: 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '5': 'directory',
  // GNU tar's, of incremental archives: its content is a list of names, which Nix ignores.
  D: 'directory',
};

const unsupported: Readonly<Record<string, string>> = {
  '3': 'is a character device, which Nix refuses',
  '4': 'is a block device, which Nix refuses',
  '6': 'is a fifo, which Nix refuses',
};

export interface TarComment {
  readonly comment: string;
}

/** The entries of a tar in its order, read as libarchive reads them for Nix; and the comment that `git archive` leaves. */
export async function* readTar(source: BlockSource): AsyncGenerator<TarEntry | TarComment, void, undefined> {
  let attributes = new EntryAttributes();
  for (let at = 0; ; ) {
    if (!(await source.has(at + blockSize))) {
      if (source.size > at || attributes.pending) throw new ArchiveRefused('is cut off in the middle of a header');
      return;
    }
    const block = Buffer.from(source.view(at, blockSize));
    if (isZeroBlock(block)) {
      if (attributes.pending) throw new ArchiveRefused('ends in an extended header without an entry');
      return;
    }
    const header = parseTarHeader(block);
    const data = at + blockSize;
    if ('xXgLKV'.includes(header.type)) {
      if (header.size > longestExtension) throw new ArchiveRefused('has an extended header over 1 MiB', header.path);
      at = await endOf(source, data, header.size, header.path);
      const body = source.view(data, header.size);
      if (header.type === 'g') yield* globalComment(body);
      else attributes.take(header.type, body);
      continue;
    }
    const path = attributes.path ?? header.path;
    const stored = attributes.size ?? header.size;
    const found = await content(source, header, attributes, data, stored, path);
    at = found.next;
    yield found.entry;
    attributes = new EntryAttributes();
  }
}

function* globalComment(body: Buffer): Generator<TarComment> {
  const records = parsePaxRecords(body);
  checkGlobalRecords(records);
  const comment = records.findLast(([key]) => key === 'comment')?.[1];
  if (comment !== undefined) yield { comment };
}

async function content(
  source: BlockSource,
  header: TarHeader,
  attributes: EntryAttributes,
  data: number,
  stored: number,
  path: string,
): Promise<{ readonly entry: TarEntry; readonly next: number }> {
  const type = kinds[header.type];
  if (type === undefined) {
    const unknown = `has the type ${JSON.stringify(header.type)}, which is not read here`;
    throw new ArchiveRefused(unsupported[header.type] ?? unknown, path);
  }
  // Tars older than ustar have no type for directories. libarchive: archive_read_format_tar_read_header.
  const kind = type === 'file' && path.endsWith('/') ? 'directory' : type;
  const plain = {
    kind,
    path,
    link: attributes.link ?? header.link,
    mtime: attributes.mtime ?? header.mtime,
    executable: (header.mode & 0o100) !== 0,
    unreadable: (header.mode & 0o400) === 0,
    offset: data,
  };
  if (kind !== 'file') {
    if (header.type === 'D') return { entry: { ...plain, size: 0 }, next: await endOf(source, data, stored, path) };
    // What another directory or a symlink says of its size means nothing to libarchive.
    if (stored > 0 && (kind === 'hardlink' || kind !== type))
      throw new ArchiveRefused(`is a ${kind} with content, which tools read in different ways`, path);
    return { entry: { ...plain, size: 0 }, next: data };
  }
  if (header.type === 'S') {
    const { pairs, realSize, next } = await readOldSparse(source, header, data, path);
    const sparse = checkedSparseMap({ pairs, realSize }, stored, path);
    return { entry: { ...plain, offset: next, size: realSize, sparse }, next: await endOf(source, next, stored, path) };
  }
  const next = await endOf(source, data, stored, path);
  const form = attributes.sparse;
  if (form === undefined) return { entry: { ...plain, size: stored }, next };
  if (form.major === 1) {
    const { pairs, used } = readSparseInData(source, data, stored, path);
    const sparse = checkedSparseMap({ pairs, realSize: form.realSize }, stored - used, path);
    return { entry: { ...plain, offset: data + used, size: form.realSize, sparse }, next };
  }
  const sparse = checkedSparseMap(sparseMapOfRecords(attributes.records, form.realSize, path), stored, path);
  return { entry: { ...plain, size: form.realSize, sparse }, next };
}

async function endOf(source: BlockSource, data: number, size: number, path: string): Promise<number> {
  const next = data + Math.ceil(size / blockSize) * blockSize;
  if (!(await source.has(next))) throw new ArchiveRefused('is cut off in the middle of its content', path);
  return next;
}

import { ArchiveRefused, printableName } from '../archive-refused.ts';
import type { TarEntry } from '../tree.ts';
import {
  type BlockSource,
  blockSize,
  isZeroBlock,
  type PaxRecord,
  parsePaxRecords,
  parseTarHeader,
  paxNumber,
  paxTime,
  type TarHeader,
} from './header.ts';
import { checkedSparseMap, readOldSparse, readSparseInData, sparseMapOfRecords } from './sparse.ts';

interface SparseForm {
  readonly major: number;
  readonly realSize: number;
}

/** What comes before an entry and changes it: pax records and GNU long names. The last value of a key wins. */
class EntryAttributes {
  path: string | undefined;
  link: string | undefined;
  size: number | undefined;
  mtime: number | undefined;
  #types = '';
  records: readonly PaxRecord[] = [];

  take(type: string, body: Buffer): void {
    if (type === 'V') return;
    const former = this.#types;
    this.#types += type === 'X' ? 'x' : type;
    // libarchive 3.7 and 3.8 differ in which one wins.
    const mixed = former !== '' && this.#types.includes('x');
    if (mixed)
      throw new ArchiveRefused('has several extended headers for one entry, which tools read in different ways');
    if (type === 'L') this.path = upToNul(body);
    else if (type === 'K') this.link = upToNul(body);
    else for (const record of this.#keep(parsePaxRecords(body))) this.#apply(record);
  }

  get pending(): boolean {
    return this.#types !== '';
  }

  get sparse(): SparseForm | undefined {
    const values = new Map(this.records);
    const keys = [...values.keys()].filter((key) => key.startsWith('GNU.sparse.'));
    if (keys.length === 0) return undefined;
    const name = this.path ?? '';
    const major = values.get('GNU.sparse.major') ?? '0';
    const realSize = paxNumber(values.get('GNU.sparse.realsize') ?? values.get('GNU.sparse.size') ?? '');
    if (!/^[01]$/.test(major) || realSize === undefined) throw new ArchiveRefused('is sparse in an unknown form', name);
    return { major: Number(major), realSize };
  }

  #keep(records: readonly PaxRecord[]): readonly PaxRecord[] {
    this.records = [...this.records, ...records];
    return records;
  }

  #apply([key, value]: PaxRecord): void {
    if (key === 'path' && value !== '' && !this.#sparseName) this.path = value;
    if (key === 'GNU.sparse.name' && value !== '') this.path = value;
    if (key === 'linkpath' && value !== '') this.link = value;
    if (key === 'size') this.size = numberOf(key, paxNumber(value));
    if (key === 'mtime') this.mtime = numberOf(key, paxTime(value));
    if (key === 'SCHILY.realsize') throw new ArchiveRefused('holds a sparse file of star, which is not read here');
  }

  /** GNU tar then writes a generated name into path. */
  get #sparseName(): boolean {
    return this.records.some(([key]) => key === 'GNU.sparse.name');
  }
}

/** Keys of single entries. In a global header libarchive 3.7 (Nix 2.26) ignores them and libarchive 3.8 (Nix 2.34) refuses them. */
const attributesOfEntries = new RegExp(
  `^(?:${[
    '[acm]time|hdrcharset|linkpath|path|size|[ug]id|[ug]name',
    'GNU\\.sparse(?:\\..+)?',
    'LIBARCHIVE\\.(?:creationtime|symlinktype|xattr\\..+)',
    'RHT\\.security\\.selinux',
    'SCHILY\\.(?:acl\\.(?:access|ace|default)|dev|devmajor|devminor|fflags|ino|nlink|realsize|xattr\\..+)',
    'SUN\\.holesdata',
  ].join('|')})$`,
  's',
);

/** Nix ignores other keys, such as a comment or a volume label. */
function checkGlobalRecords(records: readonly PaxRecord[]): void {
  const refused = records.find(([key]) => attributesOfEntries.test(key));
  if (refused)
    throw new ArchiveRefused(
      `has a global header that sets ${printableName(refused[0])}, which some versions of Nix refuse`,
    );
}

function numberOf(key: string, value: number | undefined): number {
  if (value === undefined) throw new ArchiveRefused(`has an extended header with a ${key} that is not a number`);
  return value;
}

function upToNul(body: Buffer): string {
  const end = body.indexOf(0);
  return body.toString('latin1', 0, end < 0 ? body.length : end);
}

/** libarchive's limit for extended headers and long names. */
const maxExtendedHeaderBytes = 1024 * 1024;

const kinds: Readonly<Record<string, TarEntry['kind']>> = {
  '\0': 'file',
  '0': 'file',
  '7': 'file',
  S: 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '5': 'directory',
  // In incremental archives of GNU tar. Its content is a list of names, which Nix ignores.
  D: 'directory',
};

const unsupported: Readonly<Record<string, string>> = {
  '3': 'is a character device, which Nix refuses',
  '4': 'is a block device, which Nix refuses',
  '6': 'is a fifo, which Nix refuses',
};

interface TarComment {
  readonly comment: string;
}

/** The entries of a tar in their order, read as Nix's libarchive reads them, and the comment that `git archive` writes. */
export async function* readTar(source: BlockSource): AsyncGenerator<TarEntry | TarComment, void, undefined> {
  let attributes = new EntryAttributes();
  for (let at = 0; ; ) {
    if (!(await source.has(at + blockSize))) {
      if (source.size > at || attributes.pending) throw new ArchiveRefused('is cut off in the middle of a header');
      return;
    }
    const block = source.view(at, blockSize);
    if (isZeroBlock(block)) {
      if (attributes.pending) throw new ArchiveRefused('ends in an extended header without an entry');
      return;
    }
    const header = parseTarHeader(block);
    const data = at + blockSize;
    if ('xXgLKV'.includes(header.type)) {
      if (header.size > maxExtendedHeaderBytes)
        throw new ArchiveRefused('has an extended header over 1 MiB', header.path);
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
    // libarchive ignores the size of other directories and of symlinks.
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

import { ArchiveRefused } from '../archive-refused.ts';
import { printableName } from '../printable-name.ts';
import { type PaxRecord, parsePaxRecords, paxNumber, paxTime } from './pax-records.ts';

export interface SparseForm {
  readonly major: number;
  readonly realSize: number;
}

/** What precedes an entry and changes it: pax records, GNU's long names. The last word on a thing wins. */
export class EntryAttributes {
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
    // libarchive 3.7 and 3.8 differ in which of them wins.
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

  /** GNU tar puts a made-up name into path. */
  get #sparseName(): boolean {
    return this.records.some(([key]) => key === 'GNU.sparse.name');
  }
}

/** Keys that are an entry's own: in a global header Nix 2.26 ignores them and Nix 2.34 refuses them, as libarchive 3.7 and 3.8 do. */
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

/** Other keys, such as a comment or a volume's label, mean nothing to Nix. */
export function checkGlobalRecords(records: readonly PaxRecord[]): void {
  const refused = records.find(([key]) => attributesOfEntries.test(key));
  if (refused)
    throw new ArchiveRefused(
      `has a global header that sets ${printableName(refused[0])}, which some versions of Nix refuse`,
    );
}

function numberOf(key: string, value: number | undefined): number {
  if (value === undefined) throw new ArchiveRefused(`has an extended header with a ${key} that is no number`);
  return value;
}

function upToNul(body: Buffer): string {
  const end = body.indexOf(0);
  return body.toString('latin1', 0, end < 0 ? body.length : end);
}

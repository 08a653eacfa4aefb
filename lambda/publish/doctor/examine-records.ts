import { findingKinds, type Kind } from '../../../lib/api/finding.ts';
import { type Catalog, catalogKey } from '../../../lib/domain/catalog.ts';
import { isReadableChannel, isReadableName } from '../../../lib/domain/names.ts';
import { type ChannelRecord, changeOf, recordKey } from '../../../lib/domain/record.ts';
import { type Author, withMend } from '../../../lib/domain/record-changes.ts';
import type { ChannelFacts } from '../../../lib/domain/release.ts';
import { retirementOf } from '../../../lib/domain/retirement.ts';
import { mapLimit, maxConcurrentRequests } from '../../../lib/store/write/s3-requests.ts';
import { followRecord } from '../catalog.ts';
import { catalogDocument, compareAndSwap, recordDocument } from '../documents.ts';
import {
  checkRecord,
  checkRetired,
  type Head,
  mendRecord,
  missingRelease,
  type ReadRecord,
  readRecord,
} from './check-record.ts';
import { type Cursor, type DoctorOptions, type Examination, type Examined, examinedOf, headOf } from './examination.ts';
import { examineFacts, factsOfHeads } from './examine-facts.ts';

/** What this operation mended in the record before: a repeat gives the same answer. */
function mendedBefore(record: ChannelRecord, operation: string): readonly Kind[] {
  const change = changeOf(record, operation);
  const mended = change?.action === 'mend' ? (change.reason ?? '').split(', ') : [];
  return findingKinds.filter((kind) => mended.includes(kind));
}

/** Returns whether there was something to change. */
export async function mendTheCatalog(
  options: DoctorOptions,
  change: (catalog: Catalog) => Catalog | undefined,
  { operation, by }: Author,
): Promise<boolean> {
  let changed: Catalog | undefined;
  await compareAndSwap(options, catalogDocument, {
    decide: (catalog) => {
      changed = change(catalog);
      return { answer: undefined, ...(changed === undefined ? {} : { next: changed }) };
    },
  });
  if (changed !== undefined) options.log('info', 'mended', { key: catalogKey, operation, by });
  return changed !== undefined;
}

/**
 * Mends a channel's record, if its latest release is still the one whose object was examined.
 *
 * @param head of the object of the latest release
 */
async function mendTheRecord(
  options: DoctorOptions,
  { channel, seen, head }: { readonly channel: string; readonly seen: ChannelRecord; readonly head: Head },
  author: Author,
): Promise<readonly Kind[]> {
  const object = head === 'refused' ? undefined : head;
  let written: readonly Kind[] = [];
  const soundRecord = (text: string | undefined): ChannelRecord | undefined => {
    const read = readRecord(text);
    return read.state === 'sound' ? read.record : undefined;
  };
  const document = { ...recordDocument(channel), parse: soundRecord };
  const mended = await compareAndSwap(options, document, {
    decide: (record): { answer: readonly Kind[]; next?: ChannelRecord } => {
      written = [];
      if (record === undefined || record.removed !== undefined) return { answer: [] };
      const before = mendedBefore(record, author.operation);
      if (before.length > 0) return { answer: before };
      if (record.latest !== seen.latest || record.fileExtension !== seen.fileExtension) return { answer: [] };
      const result = mendRecord(record, object);
      if (result.kinds.length === 0) return { answer: [] };
      written = result.kinds;
      return { answer: result.kinds, next: withMend(result.record, result.kinds, author) };
    },
  });
  const { operation, by } = author;
  if (written.length > 0) options.log('info', 'mended', { channel, operation, by, mended: written });
  return mended;
}

const maxRecordsPerPage = 50;
const maxReleasesPerPage = 300;

interface LoadedRecord {
  readonly channel: string;
  readonly read: ReadRecord;
  readonly removed: boolean;
}

/** The releases whose objects only have to exist: the earlier ones, and of a removed channel all. */
function olderReleases({ latest, previous }: ChannelRecord, removed: boolean): string[] {
  const older = [...new Set(previous)].filter((release) => release !== latest && isReadableName(release));
  return removed && latest !== undefined ? [...older, latest] : older;
}

async function headOfLatest(options: DoctorOptions, { read, removed }: LoadedRecord): Promise<Head> {
  if (read.state !== 'sound' || read.record.latest === undefined || removed) return undefined;
  return headOf(options, read.record.latest + read.record.fileExtension);
}

/** @param head of the object of the latest release */
function examineRecord(options: DoctorOptions, { channel, read, removed }: LoadedRecord, head: Head): Examined {
  const findings = checkRecord({ channel, read, head, removed });
  if (read.state !== 'sound') return { subject: channel, findings };
  const { record } = read;
  return {
    subject: channel,
    findings,
    mend: async (author) => {
      if (!findings.some(({ fixable }) => fixable)) return mendedBefore(record, author.operation);
      if (record.removed === undefined) return mendTheRecord(options, { channel, seen: record, head }, author);
      // By the record as it is now: the channel may have been restored since it was examined.
      if (!(await followRecord(options, channel))) return [];
      options.log('info', 'mended', { key: catalogKey, operation: author.operation, by: author.by });
      return ['record-removed'];
    },
  };
}

type Inside = { readonly channel: string; readonly offset: number };

interface Plan {
  readonly loaded: readonly LoadedRecord[];
  /** The older releases to look for, a list for each record. */
  readonly older: readonly (readonly string[])[];
  readonly next: Cursor;
}

/** What one request examines: a channel may have more releases than one request may ask for. */
function plan(all: readonly LoadedRecord[], more: boolean, inside: Inside | undefined): Plan {
  const older: (readonly string[])[] = [];
  let room = maxReleasesPerPage;
  let last: string | undefined;
  for (const { channel, read, removed } of all) {
    if (room === 0) return { loaded: all.slice(0, older.length), older, next: { step: 'records', after: last ?? '' } };
    const begin = inside?.channel === channel ? inside.offset : 0;
    const releases = read.state === 'sound' ? olderReleases(read.record, removed) : [];
    const some = releases.slice(begin, begin + room);
    older.push(some);
    const offset = begin + some.length;
    if (offset < releases.length)
      return { loaded: all.slice(0, older.length), older, next: { step: 'records', inside: { channel, offset } } };
    room -= some.length;
    last = channel;
  }
  return { loaded: all, older, next: more && last !== undefined ? { step: 'records', after: last } : { step: 'keys' } };
}

/** The channels of the catalog in the order of their names: each record, and the objects that it names. */
export async function examineRecords(
  options: DoctorOptions,
  catalog: Catalog,
  { after, inside }: Extract<Cursor, { readonly step: 'records' }>,
): Promise<Examination> {
  const gone = new Set(catalog.removed);
  const names = [...new Set([...catalog.channels, ...catalog.removed])].filter(isReadableChannel).sort();
  const isLeft = (name: string): boolean =>
    inside === undefined ? after === undefined || name > after : name >= inside.channel;
  const left = names.filter(isLeft);
  const all = await mapLimit(
    left.slice(0, maxRecordsPerPage),
    maxConcurrentRequests,
    async (channel): Promise<LoadedRecord> => {
      const stored = await options.bucket.readText(recordKey(channel));
      return { channel, read: readRecord(stored?.text), removed: gone.has(channel) };
    },
  );
  const { loaded, older, next } = plan(all, left.length > all.length, inside);

  const records = loaded.filter(({ channel }) => channel !== inside?.channel);
  const latestHeads = await mapLimit(records, maxConcurrentRequests, (one) => headOfLatest(options, one));
  const earlier = loaded.flatMap(({ channel, read }, index) =>
    read.state === 'sound' ? (older[index] ?? []).map((release) => ({ channel, release, record: read.record })) : [],
  );
  const heads = await mapLimit(earlier, maxConcurrentRequests, ({ release, record }) =>
    headOf(options, release + record.fileExtension),
  );
  const found = earlier.flatMap(({ channel, release, record }, index) => {
    const key = release + record.fileExtension;
    const mark = retirementOf(record, release);
    const isThere = heads[index] !== undefined;
    if (mark !== undefined) return checkRetired(channel, key, mark, isThere, options.now());
    return isThere ? [] : [missingRelease(channel, key, Object.hasOwn(record.yanked, release))];
  });
  const factsIn = ({ channel, read }: LoadedRecord): ChannelFacts => {
    const latest = records.findIndex((one) => one.channel === channel);
    return factsOfHeads([
      ...(read.state === 'sound' ? [[read.record.latest, latestHeads[latest]] as const] : []),
      ...earlier.flatMap((one, index) => (one.channel === channel ? [[one.release, heads[index]] as const] : [])),
    ]);
  };
  const isLive = ({ read, removed }: LoadedRecord): boolean =>
    read.state === 'sound' && read.record.removed === undefined && !removed;
  const facts = await mapLimit(loaded.filter(isLive), maxConcurrentRequests, (one) =>
    examineFacts(options, { channel: one.channel, found: factsIn(one), isFirst: one.channel !== inside?.channel }),
  );
  return {
    examined: [
      ...records.map((one, index) => examineRecord(options, one, latestHeads[index])),
      ...examinedOf(found),
      ...facts.flat(),
    ],
    next,
  };
}

import { type Catalog, catalogKey } from '../../../lib/domain/catalog.ts';
import { isReadableChannel, isReadableName } from '../../../lib/domain/names.ts';
import { type ChannelRecord, recordKey } from '../../../lib/domain/record.ts';
import { settleCatalog } from '../remove-channel.ts';
import { checkPrevious, checkRecord, type ReadRecord, readRecord } from './check-record.ts';
import type { Cursor } from './cursor.ts';
import { atOnce, type DoctorOptions, type Examination, type Examined, headOf } from './examined.ts';
import { fewAtOnce } from './few-at-once.ts';
import { mendedBefore, mendTheRecord } from './mend.ts';

/** Of one request. */
const mostRecords = 50;
const mostReleases = 300;

interface Loaded {
  readonly channel: string;
  readonly read: ReadRecord;
  readonly removed: boolean;
}

/** The older releases, whose objects are only to be there; of a removed channel all. */
function olderReleases({ latest, previous }: ChannelRecord, removed: boolean): string[] {
  const older = [...new Set(previous)].filter((release) => release !== latest && isReadableName(release));
  return removed && latest !== undefined ? [...older, latest] : older;
}

async function examineRecord(options: DoctorOptions, { channel, read, removed }: Loaded): Promise<Examined> {
  if (read.state !== 'sound')
    return { subject: channel, findings: checkRecord({ channel, read, head: undefined, removed }) };
  const { record } = read;
  const { latest, fileExtension } = record;
  const head = latest === undefined || removed ? undefined : await headOf(options, latest + fileExtension);
  const findings = checkRecord({ channel, read, head, removed });
  return {
    subject: channel,
    findings,
    mend: async (author) => {
      if (!findings.some(({ fixable }) => fixable)) return mendedBefore(record, author.operation);
      if (record.removed === undefined) return mendTheRecord(options, { channel, seen: record, head }, author);
      // By the record as it is now: the channel may have been restored since it was looked at.
      if (!(await settleCatalog(options, channel))) return [];
      options.log('info', 'mended', { key: catalogKey, operation: author.operation, by: author.by });
      return ['record-removed'];
    },
  };
}

interface Plan {
  readonly loaded: readonly Loaded[];
  /** The older releases to look for, a list for each of them. */
  readonly older: readonly (readonly string[])[];
  readonly next: Cursor;
}

/** How far one request goes: a channel may have more releases than it may ask for. */
function plan(all: readonly Loaded[], more: boolean, inside: { channel: string; place: number } | undefined): Plan {
  const older: (readonly string[])[] = [];
  let room = mostReleases;
  let last: string | undefined;
  for (const { channel, read, removed } of all) {
    if (room === 0) return { loaded: all.slice(0, older.length), older, next: { step: 'records', after: last ?? '' } };
    const begun = inside?.channel === channel ? inside.place : 0;
    const releases = read.state === 'sound' ? olderReleases(read.record, removed) : [];
    const some = releases.slice(begun, begun + room);
    older.push(some);
    const place = begun + some.length;
    if (place < releases.length)
      return { loaded: all.slice(0, older.length), older, next: { step: 'records', inside: { channel, place } } };
    room -= some.length;
    last = channel;
  }
  return { loaded: all, older, next: more && last !== undefined ? { step: 'records', after: last } : { step: 'keys' } };
}

/** The channels of the catalog in the order of their names, each record with the objects that it names. */
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
  const all = await fewAtOnce(atOnce, left.slice(0, mostRecords), async (channel): Promise<Loaded> => {
    const stored = await options.bucket.readText(recordKey(channel));
    return { channel, read: readRecord(stored?.text), removed: gone.has(channel) };
  });
  const { loaded, older, next } = plan(all, left.length > all.length, inside);

  const records = loaded.filter(({ channel }) => channel !== inside?.channel);
  const examined = await fewAtOnce(atOnce, records, (one) => examineRecord(options, one));
  const keys = loaded.flatMap(({ channel, read }, place) =>
    read.state === 'sound'
      ? (older[place] ?? []).map((release) => ({
          channel,
          key: release + read.record.fileExtension,
          yanked: Object.hasOwn(read.record.yanked, release),
        }))
      : [],
  );
  const heads = await fewAtOnce(atOnce, keys, ({ key }) => headOf(options, key));
  const absent = keys.filter((_, place) => heads[place] === undefined);
  const missing = absent.map(({ channel, key, yanked }) => ({
    subject: channel,
    findings: [checkPrevious(channel, key, yanked)],
  }));
  return { examined: [...examined, ...missing], next };
}

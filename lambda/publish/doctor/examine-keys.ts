import { type Finding, finding } from '../../../lib/api/finding.ts';
import { type Catalog, catalogKey } from '../../../lib/domain/catalog.ts';
import { denyListKey } from '../../../lib/domain/deny-list.ts';
import { isReadableChannel, tarballFormatOf } from '../../../lib/domain/names.ts';
import { type ChannelRecord, hasRelease, recordKey } from '../../../lib/domain/record.ts';
import { uploadsPrefix } from '../../../lib/domain/store.ts';
import type { OpenMultipartUpload } from '../../../lib/store/write/bucket-writer.ts';
import { mapLimit, maxConcurrentRequests } from '../../../lib/store/write/s3-requests.ts';
import { checkObject, checkUnlisted, unknownObject } from './check-object.ts';
import { readRecord } from './check-record.ts';
import { type Cursor, type DoctorOptions, type Examination, headOf } from './examination.ts';

/** Records that one request reads to find out which of them names a key. */
const maxRecords = 1_500;

interface KeyToName {
  readonly key: string;
  /** The channel that uploaded it, where its metadata tells. */
  readonly owner: string | undefined;
}

interface KeyUse {
  readonly reachable: boolean;
  /** Undefined where that was not looked at. */
  readonly named: boolean | undefined;
}

const fits = (key: string, { fileExtension }: ChannelRecord): boolean => key.endsWith(fileExtension);

const names = (key: string, record: ChannelRecord): boolean =>
  fits(key, record) && hasRelease(record, key.slice(0, -record.fileExtension.length));

/**
 * What the records say of some keys. Those that are likely by name or metadata are read first, all others only for a key that
 * none of these names.
 */
async function nameKeys(
  { bucket }: Pick<DoctorOptions, 'bucket'>,
  catalog: Catalog | undefined,
  keys: readonly KeyToName[],
): Promise<ReadonlyMap<string, KeyUse>> {
  const channels = [...new Set([...(catalog?.channels ?? []), ...(catalog?.removed ?? [])])].filter(isReadableChannel);
  const records: ChannelRecord[] = [];
  const load = async (some: readonly string[]): Promise<void> => {
    await mapLimit(some, maxConcurrentRequests, async (channel) => {
      const read = readRecord((await bucket.readText(recordKey(channel)))?.text);
      if (read.state === 'sound') records.push(read.record);
    });
  };

  const isLikely = (channel: string): boolean =>
    keys.some(({ key, owner }) => owner === channel || key.startsWith(`${channel}-`));
  const likely = new Set(channels.filter(isLikely));
  await load([...likely].slice(0, maxRecords));
  const left = keys.filter(({ key }) => !records.some((record) => names(key, record)));
  const complete = catalog !== undefined && channels.length <= maxRecords;
  if (left.length > 0 && complete) await load(channels.filter((channel) => !likely.has(channel)));

  return new Map(
    keys.map(({ key }) => {
      const named = records.some((record) => names(key, record));
      const reachable = named || tarballFormatOf(key) !== undefined || records.some((record) => fits(key, record));
      return [key, { reachable, named: named || (complete ? false : undefined) }];
    }),
  );
}

const maxKeysPerPage = 200;

const ours: readonly string[] = [catalogKey, denyListKey];

type KeyKind = 'ours' | 'document' | 'unreachable' | 'file';

/** What a key can be, by its name alone. */
export function kindOfKey(key: string, listed: ReadonlySet<string>): KeyKind {
  if (ours.includes(key) || listed.has(key) || key.startsWith(uploadsPrefix)) return 'ours';
  // Serve reads a blank in an address as a `+`.
  if (/[ /\p{Cc}]/u.test(key)) return 'unreachable';
  if (!key.toLowerCase().endsWith('.json')) return 'file';
  return key.endsWith('.json') && isReadableChannel(key.slice(0, -'.json'.length)) ? 'document' : 'unreachable';
}

async function examineDocument({ bucket }: DoctorOptions, key: string): Promise<Finding[]> {
  const stored = await bucket.readText(key);
  return stored === undefined ? [] : [checkUnlisted(key.slice(0, -'.json'.length), key, stored.text)];
}

async function examineFiles(
  options: DoctorOptions,
  catalog: Catalog | undefined,
  keys: readonly string[],
): Promise<Finding[]> {
  const heads = await mapLimit(keys, maxConcurrentRequests, (key) => headOf(options, key));
  const owned = keys.map((key, place) => {
    const head = heads[place];
    return { key, owner: typeof head === 'object' ? head.metadata.channel : undefined };
  });
  const uses = await nameKeys(options, catalog, owned);
  return keys.flatMap((key, place) => {
    const { reachable, named } = uses.get(key) ?? { reachable: false, named: undefined };
    return checkObject({ key, head: heads[place], reachable, named });
  });
}

/** Everything that lies in the bucket, in the order of the keys. */
export async function examineKeys(
  options: DoctorOptions,
  catalog: Catalog | undefined,
  { after }: Extract<Cursor, { readonly step: 'keys' }>,
): Promise<Examination> {
  const { items: keys, next } = await options.bucket.listKeys(after, maxKeysPerPage);
  const listed = new Set([...(catalog?.channels ?? []), ...(catalog?.removed ?? [])].map(recordKey));
  const of = (kind: KeyKind): string[] => keys.filter((key) => kindOfKey(key, listed) === kind);
  const documents = catalog === undefined ? [] : of('document');
  const findings = [
    ...(await mapLimit(documents, maxConcurrentRequests, (key) => examineDocument(options, key))).flat(),
    ...(await examineFiles(options, catalog, of('file'))),
    ...of('unreachable').map(unknownObject),
  ];
  return {
    examined: findings.map((one) => ({ subject: one.subject, findings: [one] })),
    next: next === undefined ? { step: 'uploads' } : { step: 'keys', after: next },
  };
}

/** Milliseconds. */
const day = 86_400_000;
/** Days: seven of the lifecycle rule, and what S3 may take to act on it. */
const overdue = 9;

/** @param now milliseconds since 1970 */
export function checkUploads(uploads: readonly OpenMultipartUpload[], now: number): Finding[] {
  return uploads.flatMap(({ key, uploadId, begunAt }) => {
    const days = Math.floor((now - begunAt) / day);
    if (days < 1) return [];
    const begun = `An upload was begun ${days === 1 ? 'a day' : `${days} days`} ago (${new Date(begunAt).toISOString()}) and not finished: readers see nothing of it, its parts are paid for.`;
    return days < overdue
      ? [
          finding(
            'upload-open',
            key,
            begun,
            "Nothing: the bucket's lifecycle rule aborts it 7 days after it was begun. Publishing the file again begins anew.",
          ),
        ]
      : [
          finding(
            'upload-overdue',
            key,
            `${begun} A lifecycle rule would have aborted it: this bucket has none that works.`,
            `Give the bucket a rule with AbortIncompleteMultipartUpload, or abort it (aws s3api abort-multipart-upload --upload-id '${uploadId}').`,
          ),
        ];
  });
}

import { type Finding, finding } from '../../../lib/api/finding.ts';
import { type Catalog, catalogKey } from '../../../lib/domain/catalog.ts';
import { denyListKey } from '../../../lib/domain/deny-list.ts';
import { isReadableChannel, tarballFormatOf } from '../../../lib/domain/names.ts';
import { type ChannelRecord, hasRelease, recordKey } from '../../../lib/domain/record.ts';
import { factsKey } from '../../../lib/domain/release.ts';
import { uploadsPrefix } from '../../../lib/domain/store.ts';
import type { OpenMultipartUpload } from '../../../lib/store/write/bucket-listings.ts';
import { mapLimit, maxConcurrentRequests } from '../../../lib/store/write/s3-requests.ts';
import { checkObject, checkUnlisted, type ObjectToCheck, unknownObject } from './check-object.ts';
import { readRecord } from './check-record.ts';
import { type Cursor, type DoctorOptions, type Examination, examinedOf, headOf } from './examination.ts';

/** Records that one request reads to find out which of them names a key. */
const maxRecords = 1_500;

const hasExtension = (key: string, { fileExtension }: ChannelRecord): boolean => key.endsWith(fileExtension);

const isNamedBy = (key: string, record: ChannelRecord): boolean =>
  hasExtension(key, record) && hasRelease(record, key.slice(0, -record.fileExtension.length));

interface OwnedKey {
  readonly key: string;
  /** The channel that uploaded it, where its metadata says so. */
  readonly owner: string | undefined;
}

type KeyUse = Pick<ObjectToCheck, 'reachable' | 'named'>;

/**
 * Finds out which keys the records name. The records that are likely by name or metadata are read first, the others only where
 * none of those names a key.
 */
async function findUses(
  { bucket }: Pick<DoctorOptions, 'bucket'>,
  catalog: Catalog | undefined,
  keys: readonly OwnedKey[],
): Promise<ReadonlyMap<string, KeyUse>> {
  const channels = [...new Set([...(catalog?.channels ?? []), ...(catalog?.removed ?? [])])].filter(isReadableChannel);
  const records: ChannelRecord[] = [];
  const load = async (names: readonly string[]): Promise<void> => {
    await mapLimit(names, maxConcurrentRequests, async (channel) => {
      const read = readRecord((await bucket.readText(recordKey(channel)))?.text);
      if (read.state === 'sound') records.push(read.record);
    });
  };

  const isLikely = (channel: string): boolean =>
    keys.some(({ key, owner }) => owner === channel || key.startsWith(`${channel}-`));
  const likely = new Set(channels.filter(isLikely));
  await load([...likely].slice(0, maxRecords));
  const left = keys.filter(({ key }) => !records.some((record) => isNamedBy(key, record)));
  const isComplete = catalog !== undefined && channels.length <= maxRecords;
  if (left.length > 0 && isComplete) await load(channels.filter((channel) => !likely.has(channel)));

  return new Map(
    keys.map(({ key }) => {
      const named = records.some((record) => isNamedBy(key, record));
      const reachable =
        named || tarballFormatOf(key) !== undefined || records.some((record) => hasExtension(key, record));
      return [key, { reachable, named: named || (isComplete ? false : undefined) }];
    }),
  );
}

const maxKeysPerPage = 200;

type KeyKind = 'ours' | 'document' | 'unreachable' | 'file';

/**
 * What a key can be, judged only by its name.
 *
 * @param listed the keys of the catalog's channels
 */
export function kindOfKey(key: string, listed: ReadonlySet<string>): KeyKind {
  if (key === catalogKey || key === denyListKey || listed.has(key) || key.startsWith(uploadsPrefix)) return 'ours';
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
  const owned = keys.map((key, index) => {
    const head = heads[index];
    return { key, owner: typeof head === 'object' ? head.metadata.channel : undefined };
  });
  const uses = await findUses(options, catalog, owned);
  return keys.flatMap((key, index) => {
    const { reachable, named } = uses.get(key) ?? { reachable: false, named: undefined };
    return checkObject({ key, head: heads[index], reachable, named });
  });
}

/** All objects of the bucket, in the order of their keys. */
export async function examineKeys(
  options: DoctorOptions,
  catalog: Catalog | undefined,
  { after }: Extract<Cursor, { readonly step: 'keys' }>,
): Promise<Examination> {
  const { items: keys, next } = await options.bucket.listKeys(after, maxKeysPerPage);
  const channels = [...(catalog?.channels ?? []), ...(catalog?.removed ?? [])];
  const listed = new Set(channels.flatMap((channel) => [recordKey(channel), factsKey(channel)]));
  const of = (kind: KeyKind): string[] => keys.filter((key) => kindOfKey(key, listed) === kind);
  const documents = catalog === undefined ? [] : of('document');
  const findings = [
    ...(await mapLimit(documents, maxConcurrentRequests, (key) => examineDocument(options, key))).flat(),
    ...(await examineFiles(options, catalog, of('file'))),
    ...of('unreachable').map(unknownObject),
  ];
  return {
    examined: examinedOf(findings),
    next: next === undefined ? { step: 'uploads' } : { step: 'keys', after: next },
  };
}

const dayMs = 86_400_000;
/** The lifecycle rule aborts uploads after 7 days, and S3 may take a while to apply it. */
const overdueDays = 9;

/** @param now milliseconds since 1970 */
export function checkUploads(uploads: readonly OpenMultipartUpload[], now: number): Finding[] {
  return uploads.flatMap(({ key, uploadId, begunAt }) => {
    const days = Math.floor((now - begunAt) / dayMs);
    if (days < 1) return [];
    const age = days === 1 ? 'a day' : `${days} days`;
    const means = `An upload was started ${age} ago (${new Date(begunAt).toISOString()}) and not finished: readers do not see it, its parts are billed.`;
    return days < overdueDays
      ? [
          finding(
            'upload-open',
            key,
            means,
            "Nothing: the bucket's lifecycle rule aborts it 7 days after its start. Publishing the file again starts a new upload.",
          ),
        ]
      : [
          finding(
            'upload-overdue',
            key,
            `${means} A lifecycle rule would have aborted it: this bucket has no such rule that works.`,
            `Add a rule with AbortIncompleteMultipartUpload to the bucket, or abort the upload (aws s3api abort-multipart-upload --upload-id '${uploadId}').`,
          ),
        ];
  });
}

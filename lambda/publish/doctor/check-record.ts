import { type Finding, finding, type Kind } from '../../../lib/api/finding.ts';
import { isReadableName, quoted } from '../../../lib/domain/names.ts';
import { type ChannelRecord, type LatestFacts, parseRecord, recordKey } from '../../../lib/domain/record.ts';
import { factsFromMetadata } from '../../../lib/domain/release.ts';
import type { StoredObject } from '../../../lib/store/write/bucket-writer.ts';

interface MendedRecord {
  readonly record: ChannelRecord;
  /** What is mended in it; empty where nothing had to be. */
  readonly kinds: readonly Kind[];
}

/** What the record should say of its latest release. Without the object nothing is known, and only another's facts go. */
function factsOf({ latest, facts }: ChannelRecord, object: StoredObject | undefined): LatestFacts | undefined {
  const own = facts !== undefined && facts.release === latest;
  if (object === undefined || latest === undefined) return own ? facts : undefined;
  if (own && facts.etag === object.etag) return facts;
  const anew = factsFromMetadata(object.metadata);
  return Object.keys(anew).length === 0 ? undefined : { release: latest, etag: object.etag, ...anew };
}

/**
 * What can be mended in a record without anybody's decision: what readers are served stays the same, but for facts.
 *
 * @param object the latest release's, where the bucket has it
 */
export function mendRecord(record: ChannelRecord, object: StoredObject | undefined): MendedRecord {
  const { latest, previous, facts } = record;
  const once = [...new Set(previous)];
  const older = once.filter((release) => release !== latest);
  const mended = factsOf(record, object);
  const kinds: Kind[] = [
    ...(once.length < previous.length ? (['previous-duplicate'] as const) : []),
    ...(older.length < once.length ? (['latest-in-previous'] as const) : []),
    ...(facts !== undefined && mended !== facts ? (['facts-stale'] as const) : []),
    ...(facts === undefined && mended !== undefined ? (['facts-missing'] as const) : []),
  ];
  return { record: { ...record, previous: older, facts: mended }, kinds };
}

/** A record as it lies in the bucket. */
export type ReadRecord =
  | { readonly state: 'missing' }
  | { readonly state: 'damaged'; readonly reason: string }
  | { readonly state: 'sound'; readonly record: ChannelRecord };

export function readRecord(text: string | undefined): ReadRecord {
  if (text === undefined) return { state: 'missing' };
  try {
    return { state: 'sound', record: parseRecord(text) };
  } catch (error) {
    return { state: 'damaged', reason: (error as Error).message };
  }
}

/** S3's answer about an object; `refused` where it has one but says nothing of it. */
export type Head = StoredObject | 'refused' | undefined;

const unreadable = (channel: string, read: Exclude<ReadRecord, { readonly state: 'sound' }>): Finding =>
  read.state === 'missing'
    ? finding(
        'record-missing',
        channel,
        'The catalog has this channel, but the bucket has no record of it: readers get 404.',
        `Put the last version of ${recordKey(channel)} back; "channelctl add ${channel}" gives it an empty record, "channelctl remove ${channel}" gives it up.`,
      )
    : finding(
        'record-damaged',
        channel,
        `Its record cannot be read (${read.reason}): readers get 404, and nothing can be published.`,
        `Put the last good version of ${recordKey(channel)} back, conditionally (aws s3api put-object --if-match).`,
      );

const ofLatest = (channel: string, record: ChannelRecord, latest: string, head: Head): Finding[] => [
  ...(head === undefined
    ? [
        finding(
          'latest-missing',
          channel,
          `The bucket has no ${quoted(latest + record.fileExtension)}, its latest release: readers are led to it and get 404.`,
          'Publish the same file again under this name, or roll back to another release.',
        ),
      ]
    : []),
  ...(Object.hasOwn(record.yanked, latest)
    ? [
        finding(
          'latest-yanked',
          channel,
          `Its latest release, ${quoted(latest)}, was yanked: readers get 404 here, the Rust service still serves it. Another writer made it the latest again.`,
          'Yank it again, which leads on to the newest release that is not yanked, or publish a new one.',
        ),
      ]
    : []),
];

const mendable: Partial<Readonly<Record<Kind, readonly [means: string, fix: string]>>> = {
  'previous-duplicate': [
    '"previous" names a release more than once: readers see no difference, the history shows it twice.',
    '--fix keeps the first.',
  ],
  'latest-in-previous': [
    'The latest release is in "previous" too: readers see no difference, the history shows it as its own predecessor.',
    '--fix takes it out of "previous".',
  ],
  'facts-stale': [
    'The facts in the record are of another release, or of other bytes: they are not believed, so locks lack rev, revCount, lastModified.',
    "--fix takes them anew from the object's metadata, and drops them where it has none.",
  ],
  'facts-missing': [
    'The object tells facts that the record lacks, so locks lack rev, revCount, lastModified: another writer dropped them.',
    "--fix takes them from the object's metadata.",
  ],
};

/** @param head of the latest release's object */
function ofRecord(channel: string, record: ChannelRecord, head: Head): Finding[] {
  const { latest, previous } = record;
  const object = head === 'refused' ? undefined : head;
  return [
    ...(latest === undefined ? [] : ofLatest(channel, record, latest, head)),
    ...mendRecord(record, object).kinds.map((kind) => {
      const [means, fix] = mendable[kind] ?? ['', ''];
      return finding(kind, channel, means, fix);
    }),
    ...[...new Set(previous)]
      .filter((release) => !isReadableName(release))
      .map((release) =>
        finding(
          'previous-bad-name',
          channel,
          `"previous" names ${quoted(release)}, which is no release name: the channel can never lead to it.`,
          `Take it out of ${recordKey(channel)} by hand; an object of this name stays where it is.`,
        ),
      ),
  ];
}

interface RecordToCheck {
  readonly channel: string;
  readonly read: ReadRecord;
  readonly head: Head;
  /** Whether the catalog says that the channel was removed. */
  readonly removed: boolean;
}

/** What is wrong with one channel of the catalog, but for older releases that are missing. */
export function checkRecord({ channel, read, head, removed }: RecordToCheck): Finding[] {
  if (read.state !== 'sound') return removed ? [] : [unreadable(channel, read)];
  if (removed && read.record.removed !== undefined) return [];
  if (removed)
    return [
      finding(
        'record-restored',
        channel,
        'The catalog says that the channel was removed, but its record does not: readers get 410.',
        `A restoration was interrupted: run "channelctl restore ${channel}" again, or "channelctl remove ${channel}".`,
      ),
    ];
  if (read.record.removed === undefined) return ofRecord(channel, read.record, head);
  return [
    finding(
      'record-removed',
      channel,
      'The record says that the channel was removed, but the catalog still has it: readers get 410 here, the Rust service still serves it.',
      '--fix moves the name to the removed ones, as the removal would have.',
    ),
  ];
}

/** Of an earlier release whose object is missing. One that was yanked is missed only by old locks. */
export const checkPrevious = (channel: string, absentKey: string, yanked: boolean): Finding =>
  yanked
    ? finding(
        'previous-deleted',
        channel,
        `The bucket has no ${quoted(absentKey)}, an earlier release that was yanked: locks that have it get 404.`,
        'Nothing, if it was deleted on purpose. Otherwise bring the object back by deleting its delete marker.',
      )
    : finding(
        'previous-missing',
        channel,
        `The bucket has no ${quoted(absentKey)}, an earlier release: whoever locked it gets 404, and nothing can roll back to it.`,
        'Publish the same file again under this name: the channel does not move.',
      );

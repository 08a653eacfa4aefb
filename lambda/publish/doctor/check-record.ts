import { type Finding, finding, type Kind } from '../../../lib/api/finding.ts';
import { isReadableName, quoted } from '../../../lib/domain/names.ts';
import { type ChannelRecord, type LatestFacts, parseRecord, recordKey } from '../../../lib/domain/record.ts';
import { factsFromMetadata } from '../../../lib/domain/release.ts';
import type { Retirement } from '../../../lib/domain/retirement.ts';
import type { StoredObject } from '../../../lib/store/write/bucket-writer.ts';

/** The facts that the record should have. Without the object they are unknown: only facts of another release are dropped. */
function correctFacts({ latest, facts }: ChannelRecord, object: StoredObject | undefined): LatestFacts | undefined {
  const own = facts !== undefined && facts.release === latest;
  if (object === undefined || latest === undefined) return own ? facts : undefined;
  if (own && facts.etag === object.etag) return facts;
  const stored = factsFromMetadata(object.metadata);
  return Object.keys(stored).length === 0
    ? undefined
    : { release: latest, etag: object.etag, size: object.size, ...stored };
}

interface MendedRecord {
  readonly record: ChannelRecord;
  /** What was mended; empty where nothing was. */
  readonly kinds: readonly Kind[];
}

/**
 * Mends what takes no decision: readers are served the same releases, with the right facts.
 *
 * @param object the one of the latest release, where the bucket has it
 */
export function mendRecord(record: ChannelRecord, object: StoredObject | undefined): MendedRecord {
  const { latest, previous, facts } = record;
  const once = [...new Set(previous)];
  const older = once.filter((release) => release !== latest);
  const mended = correctFacts(record, object);
  const kinds: Kind[] = [
    ...(once.length < previous.length ? (['previous-duplicate'] as const) : []),
    ...(older.length < once.length ? (['latest-in-previous'] as const) : []),
    ...(facts !== undefined && mended !== facts ? (['facts-stale'] as const) : []),
    ...(facts === undefined && mended !== undefined ? (['facts-missing'] as const) : []),
  ];
  return { record: { ...record, previous: older, facts: mended }, kinds };
}

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

/** What S3 says about an object; `refused` where the object exists but S3 does not describe it. */
export type Head = StoredObject | 'refused' | undefined;

const unreadableFinding = (channel: string, read: Exclude<ReadRecord, { readonly state: 'sound' }>): Finding =>
  read.state === 'missing'
    ? finding(
        'record-missing',
        channel,
        'The catalog has this channel, but the bucket has no record of it: readers get 404.',
        `Restore the last version of ${recordKey(channel)}. Or "channelctl add ${channel}" creates an empty record, and "channelctl remove ${channel}" removes the channel.`,
      )
    : finding(
        'record-damaged',
        channel,
        `Its record is damaged (${read.reason}): readers get 404, and nothing can be published.`,
        `Restore the last good version of ${recordKey(channel)} with a conditional write (aws s3api put-object --if-match).`,
      );

const latestFindings = (channel: string, record: ChannelRecord, latest: string, head: Head): Finding[] => [
  ...(head === undefined
    ? [
        finding(
          'latest-missing',
          channel,
          `The bucket has no ${quoted(latest + record.fileExtension)}, its latest release: readers are redirected to it and get 404.`,
          'Publish the same file again under this name, or roll back to another release.',
        ),
      ]
    : []),
  ...(Object.hasOwn(record.yanked, latest)
    ? [
        finding(
          'latest-yanked',
          channel,
          `Its latest release, ${quoted(latest)}, is yanked, but another tool made it the latest again: this service answers 404, the Rust service still serves it.`,
          'Yank it again, which makes the newest release that is not yanked the latest, or publish a new one.',
        ),
      ]
    : []),
];

const mendable: Partial<Readonly<Record<Kind, readonly [means: string, fix: string]>>> = {
  'previous-duplicate': [
    '"previous" has a release more than once: downloads are not affected, the history shows it twice.',
    '--fix keeps the first entry.',
  ],
  'latest-in-previous': [
    'The latest release is in "previous" too: downloads are not affected, but the history and "rollback" take it for an earlier one.',
    '--fix removes it from "previous".',
  ],
  'facts-stale': [
    'The facts in the record belong to another release or to other bytes, so they are ignored: new locks lack rev, revCount and lastModified.',
    "--fix takes them from the object's metadata, and drops them if it has none.",
  ],
  'facts-missing': [
    'The record lacks facts that the object has, because another tool dropped them: new locks lack rev, revCount and lastModified.',
    "--fix takes them from the object's metadata.",
  ],
};

/** @param head of the object of the latest release */
function recordFindings(channel: string, record: ChannelRecord, head: Head): Finding[] {
  const { latest, previous } = record;
  const object = head === 'refused' ? undefined : head;
  return [
    ...(latest === undefined ? [] : latestFindings(channel, record, latest, head)),
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
          `"previous" has ${quoted(release)}, which is not a release name: the channel can never point to it.`,
          `Remove it from ${recordKey(channel)} by hand; an object with this name is not touched.`,
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

/** What is wrong with one channel of the catalog, except for missing earlier releases. */
export function checkRecord({ channel, read, head, removed }: RecordToCheck): Finding[] {
  if (read.state !== 'sound') return removed ? [] : [unreadableFinding(channel, read)];
  if (removed && read.record.removed !== undefined) return [];
  if (removed)
    return [
      finding(
        'record-restored',
        channel,
        'The catalog says that the channel was removed, its record says that it exists: readers get 410.',
        `A restoration was interrupted: run "channelctl restore ${channel}" again, or "channelctl remove ${channel}".`,
      ),
    ];
  if (read.record.removed === undefined) return recordFindings(channel, read.record, head);
  return [
    finding(
      'record-removed',
      channel,
      'The record says that the channel was removed, but the catalog still has it: this service answers 410, the Rust service still serves it.',
      '--fix completes the removal: it moves the name to "removed".',
    ),
  ];
}

const dayMs = 86_400_000;
/** S3 may take a while to apply a lifecycle rule. */
const removalDays = 3;

/**
 * What is wrong with the object of a retired release. That it is gone is in order: readers get 410.
 * @param now milliseconds since 1970
 */
export function checkRetired(
  channel: string,
  key: string,
  { takedown, shared, until }: Retirement,
  isThere: boolean,
  now: number,
): Finding[] {
  if (!isThere) return [];
  if (takedown === true)
    return [
      finding(
        'takedown-present',
        channel,
        `The bucket still has ${quoted(key)}, a release that was taken down: no reader gets it from this service, but it is stored.`,
        'Run the same "channelctl takedown" again with credentials that may delete it, or with --role.',
      ),
    ];
  if (shared === true || !(now - Date.parse(until) > removalDays * dayMs)) return [];
  return [
    finding(
      'retired-present',
      channel,
      `The bucket still has ${quoted(key)}, a retired release whose grace time ended at ${until}: readers get 410, and its storage is billed.`,
      'Nothing, if the removal of retired releases is switched off. Otherwise look into the log of the publish function, and at the lifecycle rules of the bucket.',
    ),
  ];
}

/** The finding for an earlier release without an object. A yanked one is needed only by old locks. */
export const missingRelease = (channel: string, absentKey: string, yanked: boolean): Finding =>
  yanked
    ? finding(
        'previous-deleted',
        channel,
        `The bucket has no ${quoted(absentKey)}, an earlier release that was yanked: locks that contain it get 404.`,
        'Nothing, if it was deleted on purpose. Otherwise restore the object by deleting its delete marker.',
      )
    : finding(
        'previous-missing',
        channel,
        `The bucket has no ${quoted(absentKey)}, an earlier release: locks that contain it get 404, and a rollback to it is refused.`,
        'Publish the same file again under this name: the channel does not move.',
      );

import type { ChannelRecord, LatestFacts } from '../../../lib/domain/record.ts';
import { factsFromMetadata } from '../../../lib/domain/release-facts.ts';
import type { StoredObject } from '../../../lib/store/write/bucket-writer.ts';
import type { Kind } from './finding.ts';

export interface MendedRecord {
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

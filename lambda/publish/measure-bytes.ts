import type { ChannelRecord } from '../../lib/domain/record.ts';
import {
  holdersBeside,
  holdersOf,
  holdingChannels,
  isRetired,
  publicationTimes,
  releasesOf,
  selected,
  selectionOf,
} from '../../lib/domain/retirement.ts';
import type { ListedObject } from '../../lib/store/write/bucket-listings.ts';
import { untracked } from '../http/settings.ts';
import type { AllRecords, Run } from './all-records.ts';
import type { PublishOptions } from './observe-publish.ts';

/** By key. */
export type Listing = ReadonlyMap<string, ListedObject>;

/** A thousand objects each. */
const maxPages = 100;

/** All objects that can be releases; undefined where there are too many to list in one run. */
export async function listReleases({ bucket, log }: PublishOptions, { hasTime }: Run): Promise<Listing | undefined> {
  const found = new Map<string, ListedObject>();
  let after: string | undefined;
  for (let page = 0; page < maxPages && hasTime(); page += 1) {
    const { items, next } = await bucket.listObjects('', after);
    for (const object of items) if (!/\/|\.json$/.test(object.key)) found.set(object.key, object);
    if (next === undefined) return found;
    after = next;
  }
  log('warn', 'not listed', { reason: 'the bucket has too many objects to list', listed: found.size });
  return undefined;
}

/** When a channel got a release, as its history says, or else when the object was made (milliseconds since 1970). */
export function sinceOf(record: ChannelRecord, listing: Listing): (release: string) => number | undefined {
  const times = publicationTimes(record);
  return (release) => times.get(release) ?? listing.get(release + record.fileExtension)?.changedAt;
}

/** The channel that each object is counted for: one whose record names it, best one whose name it begins with. */
function owners({ records }: AllRecords): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [channel, record] of records)
    for (const release of releasesOf(record)) {
      const key = release + record.fileExtension;
      if (!found.has(key) || release.startsWith(`${channel}-`)) found.set(key, channel);
    }
  return found;
}

/** What policies choose and no other channel needs: the keys of objects. */
function chosenByPolicies(all: AllRecords, listing: Listing, now: number): ReadonlySet<string> {
  const keys = new Set<string>();
  const holding = holdingChannels(all.records);
  for (const [channel, record] of all.records) {
    if (record.retain === undefined || record.removed !== undefined) continue;
    const holders = holdersBeside(holding, channel);
    for (const release of selected(record, selectionOf(record.retain), sinceOf(record, listing), now)) {
      const key = release + record.fileExtension;
      if (!holders.has(key)) keys.add(key);
    }
  }
  return keys;
}

/** The keys of objects that a channel retired and none has otherwise. */
function retiredKeys({ records }: AllRecords): ReadonlySet<string> {
  const needed = holdersOf(records);
  const keys = [...records.values()].flatMap((record) =>
    Object.keys(record.retired)
      .filter((release) => isRetired(record, release))
      .map((release) => release + record.fileExtension),
  );
  return new Set(keys.filter((key) => !needed.has(key)));
}

/** Counts the bytes of each channel that has a metric of its own and of all others, those that are retired, and those that policies would free. */
export function measureBytes(options: PublishOptions, all: AllRecords, listing: Listing): void {
  const { now, meter, trackedChannels = [] } = options;
  const sumOf = (keys: Iterable<string>): number =>
    [...keys].reduce((sum, key) => sum + (listing.get(key)?.size ?? 0), 0);
  const bytes = new Map<string, number>([...trackedChannels, untracked].map((channel) => [channel, 0]));
  const owner = owners(all);
  for (const [key, { size = 0 }] of listing) {
    const channel = owner.get(key) ?? untracked;
    const counted = trackedChannels.includes(channel) ? channel : untracked;
    bytes.set(counted, (bytes.get(counted) ?? 0) + size);
  }
  for (const [trackedChannel, ChannelBytes] of bytes) meter({ ChannelBytes }, { trackedChannel });
  meter({ RetiredBytes: sumOf(retiredKeys(all)), PolicyBytes: sumOf(chosenByPolicies(all, listing, now())) });
}

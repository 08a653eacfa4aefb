import { isObject } from './names.ts';
import type { ChannelRecord } from './record.ts';
import { dueRetirements, type Holders, retirementOf } from './retirement.ts';

/**
 * How a retired release ends: its record is marked first, then its object gets the tag that the lifecycle rule deletes by, then
 * the record forgets that the tag is missing. The mark is one conditional write, so nobody who takes the release back at the same
 * time loses it; after a crash the missing tag is still in the record.
 */
const isUntagged = (mark: unknown): boolean => isObject(mark) && mark.untagged === true;

/** Releases that are marked as removed, and whose objects have no tag yet. */
export const untaggedReleases = ({ retired }: ChannelRecord): string[] =>
  Object.keys(retired).filter((release) => isUntagged(retired[release]));

/**
 * A request that began before a retirement may name the release after the schedule looked. None lasts so long (milliseconds).
 */
const minAgeMs = 60_000;

/**
 * For so long after a grace time another function may still take the retirement back (milliseconds): by a clock that is slow, as
 * far as S3 accepts its signatures, in a request that began just before.
 */
const undoMarginMs = 15 * 60_000 + minAgeMs;

/**
 * Whether another channel could still take its own retirement of the same object back, or just did after its record was read: the
 * mark that removes the object is in another record, so it does not refuse the undoing.
 */
const isInGrace = (record: ChannelRecord, key: string, now: number): boolean => {
  const { fileExtension } = record;
  const mark = key.endsWith(fileExtension) ? retirementOf(record, key.slice(0, -fileExtension.length)) : undefined;
  return (
    mark !== undefined &&
    mark.removed === undefined &&
    mark.takedown !== true &&
    now < Date.parse(mark.until) + undoMarginMs
  );
};

/** A channel gave up what others had; then all of them did, so nobody has it any more. */
const abandonedReleases = (record: ChannelRecord, now: number): string[] =>
  Object.keys(record.retired).filter((release) => {
    const { shared, removed, takedown, until = '' } = retirementOf(record, release) ?? {};
    return shared === true && removed === undefined && takedown !== true && now >= Date.parse(until);
  });

/**
 * The retired releases whose objects are to be removed now.
 * @param holders what other channels need
 * @param others the records of the other channels
 */
export function removableReleases(
  record: ChannelRecord,
  holders: Holders,
  others: readonly ChannelRecord[],
  now: number,
): string[] {
  return [...dueRetirements(record, now), ...abandonedReleases(record, now)].filter((release) => {
    const age = now - Date.parse(retirementOf(record, release)?.at ?? '');
    const key = release + record.fileExtension;
    const isNeeded = release === record.latest || holders.has(key);
    return age >= minAgeMs && !isNeeded && !others.some((other) => isInGrace(other, key, now));
  });
}

const withMarks = (
  record: ChannelRecord,
  releases: readonly string[],
  change: (mark: object) => object,
): ChannelRecord => ({
  ...record,
  serial: record.serial + 1,
  retired: {
    ...record.retired,
    ...Object.fromEntries(releases.map((release) => [release, change(record.retired[release] as object)])),
  },
});

/** @param at ISO 8601 */
export const withRemovals = (record: ChannelRecord, releases: readonly string[], at: string): ChannelRecord =>
  withMarks(record, releases, (mark) => ({ ...mark, removed: at, untagged: true }));

export const withTags = (record: ChannelRecord, releases: readonly string[]): ChannelRecord =>
  withMarks(record, releases, (mark) => {
    const { untagged: _, ...others } = mark as Record<string, unknown>;
    return others;
  });

/** How many removals should have been done for so long (milliseconds). */
export function lateRemovals(record: ChannelRecord, now: number, lateMs: number): number {
  const untagged = untaggedReleases(record).filter(
    (release) => now - Date.parse(retirementOf(record, release)?.removed ?? '') >= lateMs,
  );
  return untagged.length + dueRetirements(record, now - lateMs).length;
}

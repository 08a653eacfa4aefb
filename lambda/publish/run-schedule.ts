import { lateRemovals } from '../../lib/domain/removal.ts';
import { loadAll, type Run } from './all-records.ts';
import { applyPolicies } from './apply-policies.ts';
import { listReleases, measureBytes } from './measure-bytes.ts';
import { measureChannels } from './measure-channels.ts';
import type { PublishOptions } from './observe-publish.ts';
import { removeRetired, takeBackConflicting } from './remove-retired.ts';

/** The gateway is not waited for, but the function ends after 29 s: after so long nothing new is begun (milliseconds). */
const maxRunMs = 15_000;
/** How often the bucket is listed (milliseconds): once an hour, by a schedule that is not exact. */
const listingIntervalMs = 3_300_000;
/** How long a removal may be due before it counts as late (milliseconds). */
const lateMs = 3_600_000;

/**
 * What runs every five minutes: measures the channels; takes retirements back that a channel turned out to need; hands the others
 * over to the bucket's lifecycle when their grace time is over. Once an hour it also lists the bucket: it measures the bytes, and
 * retires what policies choose. What a run does not finish, the next one does.
 */
export function createSchedule(options: PublishOptions): (options: PublishOptions) => Promise<void> {
  const { now } = options;
  let listedAt = Number.NEGATIVE_INFINITY;
  return async (current) => {
    const begun = now();
    const run: Run = { operation: `schedule-${begun}`, hasTime: () => now() - begun < maxRunMs };
    const all = await loadAll(current);
    await measureChannels(current, all.channels, all.records);
    const late = [...all.records.values()].map((record) => lateRemovals(record, begun, lateMs));
    current.meter({ LateRemovals: late.reduce((sum, count) => sum + count, 0) });
    await takeBackConflicting(current, all, run);
    await removeRetired(current, all, run);

    if (begun - listedAt < listingIntervalMs) return;
    const listing = await listReleases(current, run);
    if (listing === undefined) return;
    listedAt = begun;
    measureBytes(current, all, listing);
    // Others may have begun to need what was retired just now.
    if (await applyPolicies(current, all, listing, run))
      await takeBackConflicting(current, await loadAll(current), run);
  };
}

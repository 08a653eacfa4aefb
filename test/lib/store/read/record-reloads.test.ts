import { describe, expect, it } from '@jest/globals';
import { RecordReloads } from '../../../../lib/store/read/record-reloads.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

const maxAgeMs = 60_000;

/** Records that are loaded at once, or fail if they are of `broken`. */
function rig(publicChannels: readonly string[] = []) {
  const clock = new FakeClock();
  const loads: string[] = [];
  const loadedAt = new Map<string, number>();
  const broken = new Set<string>();
  const record = (channel: string) => ({
    loadedAt: loadedAt.get(channel) ?? Number.NEGATIVE_INFINITY,
    reload: async () => {
      loads.push(channel);
      await Promise.resolve();
      if (broken.has(channel)) throw new Error(`no ${channel}`);
      loadedAt.set(channel, clock.now());
    },
  });
  const reloads = new RecordReloads(record, { maxAgeMs, now: clock.now });
  reloads.publicChannels = publicChannels;
  const reload = async (...args: Parameters<typeof reloads.reload>): Promise<readonly unknown[]> => {
    const before = loads.length;
    const areNew = await reloads.reload(...args);
    return [areNew, ...loads.slice(before)];
  };
  return { clock, loads, broken, reloads, reload };
}

describe('records that are read again', () => {
  it('are those of the public channels in rounds, and it is said whether all are new enough', async () => {
    const { clock, broken, reload } = rig(['c0', 'c1', 'c2', 'c3', 'c4']);
    expect(await reload(['a'], 3, 0)).toEqual([false, 'a', 'c0', 'c1']);
    broken.add('c3');
    await expect(reload([], 2, 0)).rejects.toThrow('no c3');
    broken.clear();
    expect(await reload([], 2, 1_000)).toEqual([false, 'c2', 'c3']);
    expect(await reload([], 2, 1_000)).toEqual([true, 'c4', 'c0']);
    expect(await reload([], 2, 1_000)).toEqual([true]);
    expect(await reload([], 2, 0)).toEqual([true, 'c1', 'c2']);
    clock.advance(maxAgeMs);
    expect(await reload([], 2, 1_000)).toEqual([false, 'c3', 'c4']);
  });

  it('are passed over in no round, even where two rounds end at the same time', async () => {
    const { reload, reloads } = rig(['c0', 'c1', 'c2', 'c3']);
    await Promise.all([reloads.reload([], 2, 0), reloads.reload([], 1, 0)]);
    expect(await reload([], 2, 0)).toEqual([true, 'c2', 'c3']);
  });

  it('are the oldest of those that are named, where these are too many', async () => {
    const { clock, reload } = rig();
    expect(await reload(['a'], 2, 0)).toEqual([true, 'a']);
    clock.advance(maxAgeMs);
    expect(await reload(['b'], 2, 0)).toEqual([true, 'b']);
    clock.advance(1);
    expect(await reload(['b', 'a', 'c'], 2, 0)).toEqual([true, 'c', 'a']);
    clock.advance(maxAgeMs);
    expect(await reload(['a', 'b', 'c'], 2, 0)).toEqual([false, 'b', 'a']);
  });

  it('are of at most 8 channels at once where each is asked for by itself', async () => {
    const { loads, reloads } = rig();
    const channels = Array.from({ length: 10 }, (_, index) => `c${index}`);
    await Promise.all(channels.map((channel) => reloads.reloadOne(channel)));
    expect(loads).toEqual(channels.slice(0, 8));
    await reloads.reloadOne('c9');
    expect(loads).toHaveLength(9);
  });
});

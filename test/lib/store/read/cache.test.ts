import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { LruMap, Refreshed } from '../../../../lib/store/read/cache.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

describe('an LRU map', () => {
  it('forgets what was used longest ago', () => {
    const map = new LruMap<number>(2);
    map.set('a', 1);
    map.set('b', 2);
    map.get('a');
    map.set('c', 3);
    expect([map.get('a'), map.get('b'), map.get('c'), map.size]).toEqual([1, undefined, 3, 2]);
  });

  it('replaces what it has without forgetting another', () => {
    const map = new LruMap<number>(2);
    map.set('a', 1);
    map.set('b', 2);
    map.set('a', 3);
    expect([map.get('b'), map.get('a'), map.size]).toEqual([2, 3, 2]);
  });

  it('never holds more than it may, and always what was set last', () => {
    const key = fc.constantFrom('a', 'b', 'c', 'd', 'e');
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.array(fc.tuple(fc.boolean(), key)), (most, steps) => {
        const map = new LruMap<number>(most);
        for (const [index, [set, name]] of steps.entries()) {
          if (set) map.set(name, index);
          expect(map.get(name)).toBe(set ? index : map.get(name));
          expect(map.size).toBeLessThanOrEqual(most);
        }
      }),
      { seed: 20 },
    );
  });
});

function rig(maxAgeMs = 60_000) {
  const clock = new FakeClock();
  const stale: unknown[] = [];
  const seen: (string | undefined)[] = [];
  let next: () => Promise<string> = async () => `value ${seen.length}`;
  const refreshed = new Refreshed<string>(
    (previous) => {
      seen.push(previous);
      return next();
    },
    { maxAgeMs, now: clock.now, patienceMs: 5, onStale: (cause) => stale.push(cause) },
  );
  const answer = (how: () => Promise<string>): void => {
    next = how;
  };
  return { clock, stale, seen, refreshed, answer };
}

describe('a refreshed value', () => {
  it('is loaded on first use and kept until it is too old', async () => {
    const { refreshed, clock, seen } = rig();
    expect(refreshed.last).toBeUndefined();
    expect(await refreshed.get()).toBe('value 1');
    clock.advance(59_999);
    expect(await refreshed.get()).toBe('value 1');
    clock.advance(1);
    expect(await refreshed.get()).toBe('value 2');
    expect(seen).toEqual([undefined, 'value 1']);
    expect(refreshed.last).toBe('value 2');
  });

  it('is loaded once for concurrent calls', async () => {
    const { refreshed, seen } = rig();
    const all = await Promise.all(Array.from({ length: 20 }, () => refreshed.get()));
    expect(new Set(all)).toEqual(new Set(['value 1']));
    expect(seen).toHaveLength(1);
  });

  it('ages from the moment when its load began', async () => {
    const { refreshed, clock, answer, seen } = rig();
    answer(async () => {
      clock.advance(50_000);
      return 'slow';
    });
    await refreshed.get();
    clock.advance(10_000);
    await refreshed.get();
    expect(seen).toHaveLength(2);
  });

  it('fails while it was never loaded, and is loaded again at once', async () => {
    const { refreshed, answer, stale, seen } = rig();
    answer(async () => Promise.reject(new Error('away')));
    await expect(refreshed.get()).rejects.toThrow('away');
    await expect(refreshed.get()).rejects.toThrow('away');
    answer(async () => 'back');
    expect(await refreshed.get()).toBe('back');
    expect(seen).toHaveLength(3);
    expect(stale).toEqual([]);
  });

  it('keeps its old value when a refresh fails, reports each such answer, and waits 5 s before the next attempt', async () => {
    const { refreshed, clock, answer, stale, seen } = rig();
    await refreshed.get();
    clock.advance(60_000);
    answer(async () => Promise.reject(new Error('away')));
    expect(await refreshed.get()).toBe('value 1');
    clock.advance(4_999);
    expect(await refreshed.get()).toBe('value 1');
    expect(seen).toHaveLength(2);
    expect(stale).toHaveLength(2);
    clock.advance(1);
    expect(await refreshed.get()).toBe('value 1');
    expect(seen).toHaveLength(3);
    answer(async () => 'back');
    clock.advance(5_000);
    expect(await refreshed.get()).toBe('back');
    await refreshed.get();
    expect(stale).toHaveLength(3);
  });

  it('is loaded each time when its maximum age is 0, but not within five seconds of a failure', async () => {
    const { refreshed, answer, seen, clock } = rig(0);
    await refreshed.get();
    answer(async () => Promise.reject(new Error('away')));
    await refreshed.get();
    await refreshed.get();
    expect(seen).toHaveLength(2);
    clock.advance(5_000);
    await refreshed.get();
    expect(seen).toHaveLength(3);
  });

  it('is the old value, with a warning, for a caller that would have to wait long for a new one', async () => {
    const { refreshed, answer, clock, stale } = rig();
    await refreshed.get();
    let arrive = (_: string): void => {};
    answer(() => new Promise((resolve) => (arrive = resolve)));
    clock.advance(60_000);
    expect(await refreshed.get()).toBe('value 1');
    expect(stale).toHaveLength(1);
    arrive('new');
    await Promise.resolve();
    expect(await refreshed.get()).toBe('new');
  });

  it('is loaded again on demand after a load that is under way, once for all callers', async () => {
    const { refreshed, answer, seen } = rig();
    let arrive = (_: string): void => {};
    answer(() => new Promise((resolve) => (arrive = resolve)));
    const first = refreshed.get();
    const demanded = Array.from({ length: 5 }, () => refreshed.reload());
    answer(async () => 'new');
    arrive('old');
    expect(await first).toBe('old');
    expect(await Promise.all(demanded)).toEqual(Array(5).fill('new'));
    expect(seen).toEqual([undefined, 'old']);
  });

  it('rejects on demand where loading fails, and keeps its old value', async () => {
    const { refreshed, answer, clock } = rig();
    await refreshed.get();
    clock.advance(1);
    answer(async () => Promise.reject(new Error('away')));
    await expect(refreshed.reload()).rejects.toThrow('away');
    expect([await refreshed.get(), refreshed.loadedAt]).toEqual(['value 1', clock.time - 1]);
  });
});

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { RecentMap } from '../../../../lib/store/read/recent-map.ts';

describe('a map of what was used last', () => {
  it('forgets what was used longest ago', () => {
    const map = new RecentMap<number>(2);
    map.set('a', 1);
    map.set('b', 2);
    map.get('a');
    map.set('c', 3);
    expect([map.get('a'), map.get('b'), map.get('c'), map.size]).toEqual([1, undefined, 3, 2]);
  });

  it('replaces what it has without forgetting another', () => {
    const map = new RecentMap<number>(2);
    map.set('a', 1);
    map.set('b', 2);
    map.set('a', 3);
    expect([map.get('b'), map.get('a'), map.size]).toEqual([2, 3, 2]);
  });

  it('never holds more than it may, and always what was set last', () => {
    const key = fc.constantFrom('a', 'b', 'c', 'd', 'e');
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.array(fc.tuple(fc.boolean(), key)), (most, steps) => {
        const map = new RecentMap<number>(most);
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

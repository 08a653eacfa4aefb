import { describe, expect, it } from '@jest/globals';
import { backoff } from '../../../lib/client/backoff.ts';

describe('the wait before the next try', () => {
  it.each([
    [0, 125, 250],
    [1, 250, 500],
    [4, 2_000, 4_000],
    [5, 4_000, 8_000],
    [50, 4_000, 8_000],
  ])('after attempt %i is %i to %i ms', (attempt, least, most) => {
    for (let time = 0; time < 50; time += 1) {
      expect(backoff(attempt)).toBeGreaterThanOrEqual(least);
      expect(backoff(attempt)).toBeLessThanOrEqual(most);
    }
  });
});

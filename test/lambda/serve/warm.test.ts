import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { warm } from '../../../lambda/serve/warm.ts';
import { logLines } from '../../support/log-lines.ts';

describe('warming', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('waits for slow records for 1.5 s and no longer', async () => {
    let ended = false;
    const never = new Promise<never>(() => {});
    const directory = {
      catalog: async () => ({ channels: new Set(['a']), public: new Set<string>(), removed: new Set<string>() }),
      record: () => never,
    };
    const warming = warm(directory, undefined, logLines().log).then(() => {
      ended = true;
    });
    await jest.advanceTimersByTimeAsync(1_499);
    expect(ended).toBe(false);
    await jest.advanceTimersByTimeAsync(1);
    await warming;
    expect(jest.getTimerCount()).toBe(0);
  });

  it('leaves no timer behind', async () => {
    const directory = {
      catalog: async () => ({ channels: new Set<string>(), public: new Set<string>(), removed: new Set<string>() }),
      record: async () => ({ changedAt: 0 }),
    };
    await warm(directory, undefined, logLines().log);
    expect(jest.getTimerCount()).toBe(0);
  });
});

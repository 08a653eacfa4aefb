import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  createRetry,
  type Failure,
  maxTries,
  maxWaitMs,
  retryAfterMs,
  whenInterrupted,
} from '../../../../lib/client/api/retry.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

describe('interrupt', () => {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

  it.each(signals)('says how to go on at %s, once, and leaves the end to whoever else listens', async (signal) => {
    const before = signals.map((each) => process.listenerCount(each));
    let said = 0;
    let heard = 0;
    const other = (): void => {
      heard += 1;
    };
    process.on(signal, other);
    const result = await whenInterrupted(
      () => {
        said += 1;
      },
      async () => {
        process.emit(signal, signal);
        process.emit(signal, signal);
        return 'done';
      },
    );
    process.emit(signal, signal);
    process.off(signal, other);
    expect([result, said, heard]).toEqual(['done', 1, 3]);
    expect(signals.map((each) => process.listenerCount(each))).toEqual(before);
  });

  it('says nothing where nothing interrupts, and listens no longer afterwards', async () => {
    const before = signals.map((each) => process.listenerCount(each));
    const say = (): void => {
      throw new Error('nobody interrupted');
    };
    await expect(whenInterrupted(say, () => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
    expect(signals.map((each) => process.listenerCount(each))).toEqual(before);
  });
});

describe('retry', () => {
  function rig() {
    const clock = new FakeClock();
    const notes: string[] = [];
    const retry = createRetry({ sleep: clock.sleep, now: clock.now, note: (sentence) => notes.push(sentence) });
    return { clock, notes, retry };
  }

  const untilItGivesUp = async (failure: Failure) => {
    const { clock, notes, retry } = rig();
    let tries = 1;
    while (await retry(failure)) tries += 1;
    return { tries, slept: clock.slept, notes };
  };

  describe('the wait before the next try', () => {
    it('doubles from 125 to 250 ms up to 4 to 8 s, and ends after six tries', async () => {
      const { tries, slept } = await untilItGivesUp({ reason: 'r' });
      expect(tries).toBe(maxTries);
      for (const [index, pause] of slept.entries()) {
        expect(pause).toBeGreaterThanOrEqual(125 * 2 ** index);
        expect(pause).toBeLessThanOrEqual(250 * 2 ** index);
      }
    });

    it('goes on for two minutes in a queue', async () => {
      const { slept } = await untilItGivesUp({ reason: 'r', isQueue: true });
      const sum = slept.reduce((one, other) => one + other, 0);
      expect(sum).toBeGreaterThanOrEqual(maxWaitMs);
      expect(sum - (slept.at(-1) ?? 0)).toBeLessThan(maxWaitMs);
      expect(Math.max(...slept)).toBeLessThanOrEqual(8_000);
    });

    it('is told with its reason where it is over 2 s, and otherwise not', async () => {
      const { slept, notes } = await untilItGivesUp({ reason: 'S3 answered 503', isQueue: true });
      expect(notes).toEqual(
        slept
          .filter((pause) => pause > 2_000)
          .map((pause) => `waiting ${Math.ceil(pause / 1_000)} s to try again: S3 answered 503`),
      );
      expect(notes.length).toBeLessThan(slept.length);
    });

    it('is at least what Retry-After says, in seconds or as a date', async () => {
      const { clock, notes, retry } = rig();
      expect(await retry({ reason: 'busy', retryAfter: '30' })).toBe(true);
      expect(await retry({ reason: 'busy', retryAfter: new Date(clock.time + 50_000).toUTCString() })).toBe(true);
      expect(clock.slept).toEqual([30_000, 50_000]);
      expect(notes).toEqual(['waiting 30 s to try again: busy', 'waiting 50 s to try again: busy']);
    });

    it('is not begun where Retry-After says more than two minutes', async () => {
      const { clock, retry } = rig();
      expect(await retry({ reason: 'busy', retryAfter: '121', isQueue: true })).toBe(false);
      expect(clock.slept).toEqual([]);
    });
  });

  it('Retry-After is a wait that is not negative, whatever it says', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.integer().map(String), fc.date().map(String), fc.constant(undefined)),
        (header) => expect(retryAfterMs(header, Date.parse('2026-01-01'))).toBeGreaterThanOrEqual(0),
      ),
      { seed: 3 },
    );
  });
});

import { describe, expect, it } from '@jest/globals';
import { compareAndSwap } from '../../../lambda/publish/documents.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { MemoryBucket } from '../../support/memory-bucket.ts';

function rig() {
  const bucket = new MemoryBucket();
  const clock = new FakeClock();
  const decided: number[] = [];
  const swap = () =>
    compareAndSwap(
      { bucket: bucket.writer, now: clock.now, sleep: clock.sleep },
      { key: 'count.json', parse: (text) => Number(text ?? 0), format: String },
      {
        decide: (current) => {
          decided.push(current);
          return { answer: current + 1, next: current + 1 };
        },
      },
    );
  return { bucket, clock, decided, swap };
}

describe('compareAndSwap', () => {
  it('creates a document, and then changes it', async () => {
    const { bucket, swap } = rig();
    expect([await swap(), await swap()]).toEqual([1, 2]);
    expect(bucket.objects.get('count.json')?.text).toBe('2');
  });

  it('decides again from what another wrote in between', async () => {
    const { bucket, swap, decided, clock } = rig();
    bucket.fault = (call, moment) => {
      if (call === 'put count.json' && moment === 'before' && decided.length < 3)
        bucket.put('count.json', String(decided.length * 10));
    };
    expect(await swap()).toBe(21);
    expect(decided).toEqual([0, 10, 20]);
    expect(clock.slept).toHaveLength(2);
  });

  it('gives up after 20 s, with nothing changed', async () => {
    const { bucket, swap, decided, clock } = rig();
    const begun = clock.time;
    bucket.fault = (call, moment) => {
      if (call === 'put count.json' && moment === 'before') bucket.put('count.json', String(decided.length * 10));
    };
    await expect(swap()).rejects.toMatchObject({
      status: 503,
      message: expect.stringContaining('Nothing was changed'),
    });
    expect(clock.time - begun).toBeLessThan(21_001);
    expect(Math.max(...clock.slept)).toBeLessThanOrEqual(1_000);
    expect(bucket.objects.get('count.json')?.text).toBe(String(decided.length * 10));
  });
});

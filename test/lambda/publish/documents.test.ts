import { describe, expect, it } from '@jest/globals';
import { catalogDocument, compareAndSwap, loadChannel, loadDocument } from '../../../lambda/publish/documents.ts';
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

describe('a document whose answer was cut on its way', () => {
  /** A bucket in which every document is whole, and the first answer about this one is not. */
  function cutOnce(key: string, cuts = 1) {
    const bucket = new MemoryBucket();
    bucket.putJson('channels.json', { channels: ['demo'] });
    bucket.putJson('demo.json', { latest: 'demo-1' });
    let left = cuts;
    const readText: MemoryBucket['writer']['readText'] = async (asked) => {
      const found = await bucket.writer.readText(asked);
      if (asked !== key || found === undefined || left === 0) return found;
      left -= 1;
      return { ...found, text: found.text.slice(0, 10) };
    };
    return { ...bucket.writer, readText };
  }

  it.each(['channels.json', 'demo.json'])('is read once more: %s', async (key) => {
    const { catalog, record } = await loadChannel(cutOnce(key), 'demo');
    expect([catalog.channels, record.latest]).toEqual([['demo'], 'demo-1']);
  });

  it('is read once more before it is changed', async () => {
    const { now, sleep } = new FakeClock();
    const bucket = cutOnce('channels.json');
    const decide = (catalog: { readonly channels: readonly string[] }) => ({ answer: catalog.channels });
    expect(await compareAndSwap({ bucket, now, sleep }, catalogDocument, { decide })).toEqual(['demo']);
  });

  it('is damaged if the second answer is no better', async () => {
    await expect(loadDocument(cutOnce('channels.json', 2), catalogDocument)).rejects.toMatchObject({ code: 'damaged' });
  });
});

import { describe, expect, it } from '@jest/globals';
import { ObjectFacts } from '../../../../lib/store/read/object-facts.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { away, MemoryBucket } from '../../../support/memory-bucket.ts';

function rig() {
  const bucket = new MemoryBucket();
  const clock = new FakeClock();
  return { bucket, clock, facts: new ObjectFacts(bucket.reader, clock.now) };
}

describe('what the bucket says of releases', () => {
  it('is asked once of each', async () => {
    const { bucket, clock, facts } = rig();
    bucket.put('a-1.tar.xz', 'bytes');
    const first = await facts.find('a-1.tar.xz', () => false);
    clock.advance(365 * 86_400_000);
    expect(await facts.find('a-1.tar.xz', () => true)).toEqual(first);
    expect(first?.size).toBe(5);
    expect(bucket.calls).toEqual(['head a-1.tar.xz']);
  });

  it('is asked once by all who want to know at the same time', async () => {
    const { bucket, facts } = rig();
    bucket.put('a-1.tar.xz', 'bytes');
    await Promise.all(Array.from({ length: 20 }, (_, index) => facts.find('a-1.tar.xz', () => index % 2 === 0)));
    expect(bucket.calls).toHaveLength(1);
  });

  it('is believed for 30 s where it is that there is none', async () => {
    const { bucket, clock, facts } = rig();
    expect(await facts.find('a-1.tar.xz', () => false)).toBeUndefined();
    bucket.put('a-1.tar.xz', 'bytes');
    clock.advance(29_999);
    expect(await facts.find('a-1.tar.xz', () => false)).toBeUndefined();
    expect(bucket.calls).toHaveLength(1);
    clock.advance(1);
    expect(await facts.find('a-1.tar.xz', () => false)).toBeDefined();
  });

  it('is asked again at once of a release that a record names', async () => {
    const { bucket, facts } = rig();
    await facts.find('a-1.tar.xz', () => false);
    bucket.put('a-1.tar.xz', 'bytes');
    expect(await facts.find('a-1.tar.xz', () => true)).toBeDefined();
  });

  it('is not kept where the bucket failed', async () => {
    const { bucket, facts } = rig();
    bucket.put('a-1.tar.xz', 'bytes');
    bucket.fault = () => {
      throw away();
    };
    await expect(facts.find('a-1.tar.xz', () => false)).rejects.toMatchObject({ status: 503 });
    bucket.fault = () => {};
    expect(await facts.find('a-1.tar.xz', () => false)).toBeDefined();
  });

  it('is looked up of at most 8 unknown names at once, while named ones always are', async () => {
    const { bucket, facts } = rig();
    bucket.put('named.tar.xz', 'bytes');
    const made = Array.from({ length: 8 }, (_, index) => facts.find(`made-up-${index}.tar.xz`, () => false));
    await expect(facts.find('one-more.tar.xz', () => false)).rejects.toMatchObject({ status: 503 });
    await expect(facts.find('named.tar.xz', () => true)).resolves.toBeDefined();
    await Promise.all(made);
    await expect(facts.find('one-more.tar.xz', () => false)).resolves.toBeUndefined();
  });

  it('gives places back when look-ups fail', async () => {
    const { bucket, facts } = rig();
    bucket.fault = () => {
      throw away();
    };
    await Promise.allSettled(
      Array.from({ length: 8 }, (_, index) => facts.find(`made-up-${index}.tar.xz`, () => false)),
    );
    bucket.fault = () => {};
    await expect(facts.find('one-more.tar.xz', () => false)).resolves.toBeUndefined();
  });

  it('is kept of the 10,000 releases that were used last', async () => {
    const { bucket, facts } = rig();
    for (let number = 0; number <= 10_000; number += 1) {
      bucket.put(`a-${number}.tar.xz`, '');
      await facts.find(`a-${number}.tar.xz`, () => true);
    }
    bucket.calls.length = 0;
    await facts.find('a-1.tar.xz', () => true);
    await facts.find('a-10000.tar.xz', () => true);
    expect(bucket.calls).toEqual([]);
    await facts.find('a-0.tar.xz', () => true);
    expect(bucket.calls).toEqual(['head a-0.tar.xz']);
  });

  it('is remembered of the 1,000 absent names that were seen last', async () => {
    const { bucket, facts } = rig();
    for (let number = 0; number <= 1_000; number += 1) await facts.find(`a-${number}.tar.xz`, () => false);
    bucket.calls.length = 0;
    await facts.find('a-1000.tar.xz', () => false);
    expect(bucket.calls).toEqual([]);
    await facts.find('a-0.tar.xz', () => false);
    expect(bucket.calls).toHaveLength(1);
  });
});

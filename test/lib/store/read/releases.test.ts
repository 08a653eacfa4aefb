import { describe, expect, it } from '@jest/globals';
import { maxPresignedLifetimeSeconds } from '../../../../lib/store/read/presign.ts';
import { type Naming, named, ObjectFacts, PresignedUrls } from '../../../../lib/store/read/releases.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { away, MemoryBucket } from '../../../support/memory-bucket.ts';

describe('object facts', () => {
  const unknown: Naming = { isNamed: () => false, isNamedNow: async () => false };

  function rig() {
    const bucket = new MemoryBucket();
    return { bucket, facts: new ObjectFacts(bucket.reader) };
  }

  describe('what the bucket says of releases', () => {
    it('is asked once of each', async () => {
      const { bucket, facts } = rig();
      bucket.put('a-1.tar.xz', 'bytes');
      const first = await facts.find('a-1.tar.xz', unknown);
      expect(await facts.find('a-1.tar.xz', named)).toEqual(first);
      expect(first?.size).toBe(5);
      expect(bucket.calls).toEqual(['head a-1.tar.xz']);
    });

    it('is asked once by all who want to know at the same time', async () => {
      const { bucket, facts } = rig();
      bucket.put('a-1.tar.xz', 'bytes');
      await Promise.all(
        Array.from({ length: 20 }, (_, index) => facts.find('a-1.tar.xz', index % 2 === 0 ? named : unknown)),
      );
      expect(bucket.calls).toHaveLength(1);
    });

    it('is asked each time where it is that there is none', async () => {
      const { bucket, facts } = rig();
      expect(await facts.find('a-1.tar.xz', unknown)).toBeUndefined();
      bucket.put('a-1.tar.xz', 'bytes');
      expect(await facts.find('a-1.tar.xz', unknown)).toBeDefined();
    });

    it('is asked again where a look-up that began before found none, once for all who wait', async () => {
      const { bucket, facts } = rig();
      let release = (): void => {};
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      bucket.fault = (call, moment) => {
        if (moment === 'after' && bucket.calls.length === 1) bucket.put('a-1.tar.xz', `bytes of ${call}`);
      };
      bucket.delay = () => held;
      const before = facts.find('a-1.tar.xz', unknown);
      await Promise.resolve();
      expect(bucket.calls).toHaveLength(1);
      const meanwhile = Array.from({ length: 5 }, () => facts.find('a-1.tar.xz', unknown));
      release();
      expect(await before).toBeUndefined();
      expect(await Promise.all(meanwhile)).toEqual(Array(5).fill(expect.objectContaining({ size: 24 })));
      expect(bucket.calls).toHaveLength(2);
    });

    it.each(['there', 'not there'])(
      'is asked as often for who may not read everything where a release is %s',
      async (is) => {
        const { bucket, facts } = rig();
        if (is === 'there') bucket.put('a-1.tar.xz', 'bytes');
        await facts.ask('a-1.tar.xz', unknown);
        const first = facts.ask('a-1.tar.xz', unknown);
        await Promise.resolve();
        const meanwhile = Array.from({ length: 5 }, () => facts.ask('a-1.tar.xz', unknown));
        await Promise.all([first, ...meanwhile]);
        expect(bucket.calls).toHaveLength(3);
      },
    );

    it('is not kept where the bucket failed', async () => {
      const { bucket, facts } = rig();
      bucket.put('a-1.tar.xz', 'bytes');
      bucket.fault = () => {
        throw away();
      };
      await expect(facts.find('a-1.tar.xz', unknown)).rejects.toMatchObject({ status: 503 });
      bucket.fault = () => {};
      expect(await facts.find('a-1.tar.xz', unknown)).toBeDefined();
    });

    it('is looked up of at most 8 unknown names at once, while named ones always are', async () => {
      const { bucket, facts } = rig();
      bucket.put('named.tar.xz', 'bytes');
      const made = Array.from({ length: 8 }, (_, index) => facts.find(`made-up-${index}.tar.xz`, unknown));
      await expect(facts.find('one-more.tar.xz', unknown)).rejects.toMatchObject({ status: 503 });
      await expect(facts.find('named.tar.xz', named)).resolves.toBeDefined();
      await Promise.all(made);
      await expect(facts.find('one-more.tar.xz', unknown)).resolves.toBeUndefined();
    });

    it('is looked up beyond that of a name that a record has by now', async () => {
      const { bucket, facts } = rig();
      bucket.put('new-2.tar.xz', 'bytes');
      const made = Array.from({ length: 8 }, (_, index) => facts.find(`made-up-${index}.tar.xz`, unknown));
      const named = { isNamed: () => false, isNamedNow: async () => true };
      await expect(facts.find('new-2.tar.xz', named)).resolves.toBeDefined();
      await Promise.all(made);
    });

    it('gives places back when look-ups fail', async () => {
      const { bucket, facts } = rig();
      bucket.fault = () => {
        throw away();
      };
      await Promise.allSettled(Array.from({ length: 8 }, (_, index) => facts.find(`made-up-${index}.tar.xz`, unknown)));
      bucket.fault = () => {};
      await expect(facts.find('one-more.tar.xz', unknown)).resolves.toBeUndefined();
    });

    it('is kept of the 10,000 releases that were used last', async () => {
      const { bucket, facts } = rig();
      for (let number = 0; number <= 10_000; number += 1) {
        bucket.put(`a-${number}.tar.xz`, '');
        await facts.find(`a-${number}.tar.xz`, named);
      }
      bucket.calls.length = 0;
      await facts.find('a-1.tar.xz', named);
      await facts.find('a-10000.tar.xz', named);
      expect(bucket.calls).toEqual([]);
      await facts.find('a-0.tar.xz', named);
      expect(bucket.calls).toEqual(['head a-0.tar.xz']);
    });
  });
});

describe('presigned urls', () => {
  function rig() {
    const clock = new FakeClock();
    const bucket = new MemoryBucket();
    return { clock, bucket, urls: new PresignedUrls(bucket.reader, clock.now) };
  }

  describe('presigned URLs', () => {
    it('live for 15 minutes at the most', () => {
      expect(maxPresignedLifetimeSeconds).toBeLessThanOrEqual(900);
    });

    it('are handed out again in the first half of their life only', async () => {
      const { clock, urls } = rig();
      const first = await urls.of('a-1.tar.xz');
      clock.advance(maxPresignedLifetimeSeconds * 500 - 1);
      expect(await urls.of('a-1.tar.xz')).toBe(first);
      clock.advance(1);
      expect(await urls.of('a-1.tar.xz')).not.toBe(first);
    });

    it('are not handed out again once other keys sign', async () => {
      const { bucket, urls } = rig();
      const first = await urls.of('a-1.tar.xz');
      bucket.generation += 1;
      const second = await urls.of('a-1.tar.xz');
      expect(second).not.toBe(first);
      expect(await urls.of('a-1.tar.xz')).toBe(second);
    });

    it('live as long as they are told to, and are kept for half of that', async () => {
      const clock = new FakeClock();
      const lifetimes: number[] = [];
      const presignGet = async (_: string, expiresIn: number) => `signed-${lifetimes.push(expiresIn)}`;
      const urls = new PresignedUrls({ presignGet, generation: () => 0 }, clock.now, 120);
      await urls.of('a-1.tar.xz');
      clock.advance(59_999);
      expect(await urls.of('a-1.tar.xz')).toBe('signed-1');
      clock.advance(1);
      expect(await urls.of('a-1.tar.xz')).toBe('signed-2');
      expect(lifetimes).toEqual([120, 120]);
    });

    it('are each for one release', async () => {
      const { urls } = rig();
      expect(await urls.of('a-1.tar.xz')).not.toBe(await urls.of('a-2.tar.xz'));
    });

    it('are kept in bounded number', async () => {
      const { urls } = rig();
      const first = await urls.of('a-0');
      for (let number = 1; number <= 2_000; number += 1) await urls.of(`a-${number}`);
      expect(await urls.of('a-0')).not.toBe(first);
    });
  });
});

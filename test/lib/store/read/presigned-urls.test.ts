import { describe, expect, it } from '@jest/globals';
import { longestPresignedLifetime } from '../../../../lib/store/read/presigned-lifetime.ts';
import { PresignedUrls } from '../../../../lib/store/read/presigned-urls.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { MemoryBucket } from '../../../support/memory-bucket.ts';

function rig() {
  const clock = new FakeClock();
  const bucket = new MemoryBucket();
  return { clock, bucket, urls: new PresignedUrls(bucket.reader, clock.now) };
}

describe('presigned URLs', () => {
  it('live for 15 minutes at the most', () => {
    expect(longestPresignedLifetime).toBeLessThanOrEqual(900);
  });

  it('are handed out again in the first half of their life only', async () => {
    const { clock, urls } = rig();
    const first = await urls.of('a-1.tar.xz');
    clock.advance(longestPresignedLifetime * 500 - 1);
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

import { describe, expect, it } from '@jest/globals';
import { presignedLifetime } from '../../../../lib/store/read/bucket-reader.ts';
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
    expect(presignedLifetime).toBeLessThanOrEqual(900);
  });

  it('are handed out again in the first half of their life only', async () => {
    const { clock, urls } = rig();
    const first = await urls.of('a-1.tar.xz');
    clock.advance(presignedLifetime * 500 - 1);
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

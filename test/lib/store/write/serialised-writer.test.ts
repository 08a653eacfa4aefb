import { describe, expect, it } from '@jest/globals';
import type { BucketWriter } from '../../../../lib/store/write/bucket-writer.ts';
import { serialisedWriter } from '../../../../lib/store/write/serialised-writer.ts';
import { MemoryBucket } from '../../../support/memory-bucket.ts';

/** A store that writes whatever the condition says, and takes its time. */
function rig() {
  const bucket = new MemoryBucket();
  bucket.delay = () => new Promise((resolve) => setImmediate(resolve));
  const careless: BucketWriter = {
    ...bucket.writer,
    async writeText(key, text) {
      await bucket.delay();
      bucket.put(key, text);
      return 'written';
    },
    async completeUpload(key, uploadId, parts, size) {
      bucket.objects.delete(key);
      return bucket.writer.completeUpload(key, uploadId, parts, size);
    },
  };
  return { bucket, writer: serialisedWriter(careless) };
}

describe('a writer that compares for a store without conditions', () => {
  it('creates only where nothing is', async () => {
    const { bucket, writer } = rig();
    expect(await writer.writeText('demo.json', 'one', 'if-absent')).toBe('written');
    expect(await writer.writeText('demo.json', 'two', 'if-absent')).toBe('changed');
    expect(bucket.objects.get('demo.json')?.text).toBe('one');
  });

  it('replaces only what was read', async () => {
    const { bucket, writer } = rig();
    bucket.put('demo.json', 'one', {}, '"e1"');
    expect(await writer.writeText('demo.json', 'two', { ifMatch: '"e0"' })).toBe('changed');
    expect(await writer.writeText('gone.json', 'two', { ifMatch: '"e1"' })).toBe('changed');
    expect(bucket.objects.has('gone.json')).toBe(false);
    expect(await writer.writeText('demo.json', 'two', { ifMatch: '"e1"' })).toBe('written');
    expect(bucket.objects.get('demo.json')?.text).toBe('two');
  });

  it('completes an upload only where nothing is', async () => {
    const { bucket, writer } = rig();
    const complete = async (key: string) => writer.completeUpload(key, await writer.openUpload(key, {}), [], 3);
    expect(await complete('demo-1.tar.xz')).toBe('completed');
    const { etag } = bucket.objects.get('demo-1.tar.xz') ?? {};
    expect(await complete('demo-1.tar.xz')).toBe('taken');
    expect(bucket.objects.get('demo-1.tar.xz')?.etag).toBe(etag);
  });

  it('lets one of many who read the same win', async () => {
    const { bucket, writer } = rig();
    bucket.put('demo.json', 'one', {}, '"e1"');
    const all = await Promise.all(
      Array.from({ length: 10 }, (_, number) => writer.writeText('demo.json', `by ${number}`, { ifMatch: '"e1"' })),
    );
    expect(all.filter((result) => result === 'written')).toHaveLength(1);
  });

  it('goes on after a write that failed', async () => {
    const { bucket, writer } = rig();
    bucket.fault = (call) => {
      if (call === 'head demo.json') throw new Error('away');
    };
    await expect(writer.writeText('demo.json', 'one', 'if-absent')).rejects.toThrow('away');
    bucket.fault = () => {};
    expect(await writer.writeText('demo.json', 'one', 'if-absent')).toBe('written');
  });
});

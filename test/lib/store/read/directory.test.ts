import { describe, expect, it } from '@jest/globals';
import { ChannelDirectory } from '../../../../lib/store/read/directory.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { away, MemoryBucket } from '../../../support/memory-bucket.ts';

const maxAgeMs = 60_000;

function rig() {
  const bucket = new MemoryBucket();
  const clock = new FakeClock();
  bucket.now = clock.now;
  const broken: string[] = [];
  const stale: string[] = [];
  bucket.putJson('channels.json', { channels: ['a', 'b'] });
  bucket.putJson('a.json', { latest: 'a-1', previous: ['a-0'] });
  bucket.putJson('b.json', { latest: 'b-1', file_extension: '.iso' });
  const directory = new ChannelDirectory({
    reader: bucket.reader,
    maxAgeMs,
    now: clock.now,
    onBroken: (key, reason) => broken.push(`${key}: ${reason}`),
    onStale: (key) => stale.push(key),
  });
  return { bucket, clock, broken, stale, directory };
}

describe('the directory of channels', () => {
  it('refreshes catalog and records by their age, and reads only what changed', async () => {
    const { bucket, clock, directory } = rig();
    await directory.catalog();
    await directory.record('a');
    clock.advance(maxAgeMs);
    bucket.putJson('a.json', { latest: 'a-2' });
    const catalog = bucket.objects.get('channels.json')?.etag;
    expect([...(await directory.catalog()).channels]).toEqual(['a', 'b']);
    expect(await directory.record('a')).toMatchObject({ record: { latest: 'a-2' }, changedAt: clock.time });
    expect(bucket.calls.slice(2)).toEqual([
      `get channels.json unless ${catalog}`,
      expect.stringMatching(/^get a.json unless "/),
    ]);
  });

  it('has no channel whose name cannot be served, and says so', async () => {
    const { bucket, broken, directory } = rig();
    bucket.putJson('channels.json', { channels: ['a', 'channels', '../a', 'a+b'], removed: ['revoked', 'c'] });
    const { channels, removed } = await directory.catalog();
    expect([[...channels], [...removed]]).toEqual([['a', 'a+b'], ['c']]);
    expect(broken).toEqual(['channels', '../a', 'revoked'].map((name) => `channels.json: no channel name: "${name}"`));
  });

  it('has no channel that is listed as removed too, and nothing public that neither is a channel nor was one', async () => {
    const { bucket, directory } = rig();
    bucket.putJson('channels.json', { channels: ['a', 'b'], public: ['a', 'b', 'c', 'd'], removed: ['b', 'c'] });
    const { channels, public: open, removed } = await directory.catalog();
    expect([[...channels], [...open], [...removed]]).toEqual([['a'], ['a', 'b', 'c'], ['b', 'c']]);
  });

  it('is empty where there is no catalog', async () => {
    const { bucket, directory } = rig();
    bucket.objects.delete('channels.json');
    expect((await directory.catalog()).channels.size).toBe(0);
  });

  it('keeps the last good catalog while the one in the bucket is damaged', async () => {
    const { bucket, clock, broken, stale, directory } = rig();
    await directory.catalog();
    bucket.put('channels.json', '{"channels": [');
    clock.advance(maxAgeMs);
    expect((await directory.catalog()).channels.has('a')).toBe(true);
    expect(broken).toHaveLength(1);
    expect(stale).toEqual(['channels.json']);
    clock.advance(5_000);
    await directory.catalog();
    expect(bucket.calls.at(-1)).toBe('get channels.json');
  });

  it('keeps the last good record while the one in the bucket is damaged, under whatever entity tag', async () => {
    const { bucket, clock, broken, stale, directory } = rig();
    const { text = '' } = bucket.objects.get('a.json') ?? {};
    await directory.record('a');
    bucket.put('a.json', text.slice(0, -1), {}, '"new"');
    clock.advance(maxAgeMs);
    expect((await directory.record('a')).record?.latest).toBe('a-1');
    expect([broken, stale]).toEqual([[expect.stringMatching(/^a\.json: /)], ['a.json']]);
    bucket.putJson('a.json', { latest: 'a-2' });
    clock.advance(5_000);
    expect((await directory.record('a')).record?.latest).toBe('a-2');
    expect(bucket.calls.at(-1)).toBe('get a.json');
  });

  it.each(['{', '[]', '{"channels": "a"}'])(
    'asks to try again where the catalog was never loaded and is %s',
    async (text) => {
      const { bucket, directory } = rig();
      bucket.put('channels.json', text);
      await expect(directory.catalog()).rejects.toMatchObject({ status: 503 });
    },
  );

  it('has no record where the bucket has a damaged one or none, and says so', async () => {
    const { bucket, clock, broken, directory } = rig();
    bucket.put('a.json', '[]');
    bucket.objects.delete('b.json');
    expect(await directory.record('a')).toEqual({ changedAt: clock.time });
    expect(await directory.record('b')).toEqual({ changedAt: 0 });
    expect(broken).toEqual([expect.stringMatching(/^a\.json: /), expect.stringMatching(/^b\.json: .*no record/)]);
  });

  it('finds a record that is mended', async () => {
    const { bucket, clock, directory } = rig();
    bucket.put('a.json', '{');
    bucket.objects.delete('b.json');
    await Promise.all([directory.record('a'), directory.record('b')]);
    bucket.putJson('a.json', { latest: 'a-1' });
    bucket.putJson('b.json', { latest: 'b-1' });
    clock.advance(maxAgeMs);
    expect((await directory.record('a')).record?.latest).toBe('a-1');
    expect((await directory.record('b')).record?.latest).toBe('b-1');
  });

  it('gives the last record while the bucket is away', async () => {
    const { bucket, clock, stale, directory } = rig();
    await directory.record('a');
    bucket.fault = () => {
      throw away();
    };
    for (let hour = 0; hour < 48; hour += 1) {
      clock.advance(3_600_000);
      expect((await directory.record('a')).record?.latest).toBe('a-1');
    }
    expect(stale).toHaveLength(48);
    await expect(directory.record('b')).rejects.toMatchObject({ status: 503 });
  });

  it('forgets the records of channels that left the catalog, and keeps those of removed ones', async () => {
    const { bucket, clock, directory } = rig();
    await directory.catalog();
    await Promise.all([directory.record('a'), directory.record('b')]);
    bucket.putJson('channels.json', { channels: [], removed: ['b'] });
    clock.advance(maxAgeMs);
    await directory.catalog();
    expect(directory.loadedRecord('a')).toBeUndefined();
    expect(directory.loadedRecord('b')).toBeDefined();
  });

  it('knows which releases the records in memory name, by whole key', async () => {
    const { directory } = rig();
    expect(directory.namesRelease('a-1.tar.xz')).toBe(false);
    await Promise.all([directory.record('a'), directory.record('b')]);
    const keys = ['a-1.tar.xz', 'a-0.tar.xz', 'a-1.tar.gz', 'a-1', 'b-1.iso', 'b-1.tar.xz', '.iso'];
    expect(keys.filter((key) => directory.namesRelease(key))).toEqual(['a-1.tar.xz', 'a-0.tar.xz', 'b-1.iso']);
  });

  it('counts the record of a removed channel too, for its releases stay readable', async () => {
    const { bucket, directory } = rig();
    bucket.putJson('a.json', { latest: 'a-1', removed: {} });
    await directory.record('a');
    expect(directory.namesRelease('a-1.tar.xz')).toBe(true);
  });

  it('forgets what a record named before, and what channels named that left the catalog', async () => {
    const { bucket, clock, directory } = rig();
    await directory.catalog();
    await Promise.all([directory.record('a'), directory.record('b')]);
    bucket.putJson('a.json', { latest: 'a-2', previous: ['a-1'] });
    bucket.putJson('channels.json', { channels: ['a'] });
    clock.advance(maxAgeMs);
    await Promise.all([directory.catalog(), directory.record('a')]);
    const keys = ['a-0.tar.xz', 'a-1.tar.xz', 'a-2.tar.xz', 'b-1.iso'];
    expect(keys.filter((key) => directory.namesRelease(key))).toEqual(['a-1.tar.xz', 'a-2.tar.xz']);
    expect([directory.hasExtensionOf('x.tar.xz'), directory.hasExtensionOf('x.iso')]).toEqual([true, false]);
  });

  it('knows of which channels no record is in memory that can be read', async () => {
    const { bucket, directory } = rig();
    bucket.putJson('channels.json', { channels: ['a', 'b'], removed: ['c'] });
    bucket.put('b.json', '{');
    await directory.catalog();
    await Promise.all([directory.record('a'), directory.record('b')]);
    expect([...directory.unread]).toEqual(['b', 'c']);
  });

  it('keeps nothing of a channel that left the catalog while its record was read', async () => {
    const { bucket, clock, directory } = rig();
    await directory.catalog();
    bucket.putJson('channels.json', { channels: ['b'] });
    clock.advance(maxAgeMs);
    await Promise.all([directory.catalog(), directory.record('a')]);
    expect(directory.namesRelease('a-1.tar.xz')).toBe(false);
  });

  it('reads a record again in a request that begins after it is asked to', async () => {
    const { bucket, directory } = rig();
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    bucket.fault = (call, moment) => {
      if (call === 'get a.json' && moment === 'after' && bucket.json('a.json').latest === 'a-1')
        bucket.putJson('a.json', { latest: 'a-2' });
    };
    bucket.delay = () => held;
    const before = directory.record('a');
    const again = directory.reload(['a'], 64);
    release();
    expect((await before).record?.latest).toBe('a-1');
    expect(await again).toBe(true);
    expect(directory.loadedRecord('a')?.record?.latest).toBe('a-2');
  });

  it('reads the records of its public channels again too, as many as the limit allows', async () => {
    const { bucket, directory } = rig();
    bucket.putJson('channels.json', { channels: ['a', 'b', 'c'], public: ['b', 'c'] });
    await directory.catalog();
    bucket.calls.length = 0;
    expect(await directory.reload(['a'], 2)).toBe(false);
    expect(bucket.calls).toEqual(['get a.json', 'get b.json']);
    expect(await directory.reload([], 2)).toBe(true);
    expect(bucket.calls.slice(2)).toEqual(['get c.json', expect.stringMatching(/^get b\.json unless/)]);
  });

  it('reads the record again whose channel a release is named after, the longest that counts', async () => {
    const { bucket, directory } = rig();
    bucket.putJson('channels.json', { channels: ['a', 'a-b', 'a-b-c'] });
    await directory.catalog();
    bucket.calls.length = 0;
    for (const key of ['a-b-1.tar.xz', 'a-b-c.tar.xz', 'a-b-c-1.tar.xz', 'a.tar.xz', 'b-1.tar.xz', '-a-1.tar.xz'])
      await directory.reloadLikeliest(key, (channel) => channel !== 'a-b-c');
    expect(bucket.calls.map((call) => call.split(' ')[1])).toEqual(['a-b.json', 'a-b.json', 'a-b.json']);
  });

  it('reads at most 8 records at once for that reason, each once for all who wait', async () => {
    const { bucket, directory } = rig();
    const channels = Array.from({ length: 10 }, (_, index) => `c${index}`);
    bucket.putJson('channels.json', { channels });
    await directory.catalog();
    bucket.calls.length = 0;
    const all = [...channels, ...channels].map((channel) => directory.reloadLikeliest(`${channel}-1.tar.xz`));
    await Promise.all(all);
    expect(bucket.calls).toEqual(channels.slice(0, 8).map((channel) => `get ${channel}.json`));
    await directory.reloadLikeliest('c9-1.tar.xz');
    expect(bucket.calls).toHaveLength(9);
  });
});

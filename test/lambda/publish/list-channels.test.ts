import { describe, expect, it } from '@jest/globals';
import { away } from '../../support/memory-bucket.ts';
import { publishBase, publishRig } from '../../support/publish-rig.ts';

const list = 'GET /publish/catalog';

describe('GET /publish/catalog', () => {
  it('lists the channels in the order of the catalog, and what keeps some from being served', async () => {
    const { bucket, call } = publishRig();
    bucket.putJson('channels.json', {
      channels: ['b', 'a', 'broken', 'missing', 'channels', '../x', 'gone'],
      public: ['b'],
    });
    bucket.putJson('b.json', { latest: 'b-1', file_extension: '.iso' });
    bucket.putJson('a.json', { latest: null, max_age: 3_600 });
    bucket.put('broken.json', '{');
    bucket.putJson('gone.json', { removed: true });
    const { status, body } = await call(list);
    expect(status).toBe(200);
    expect(body.next).toBeUndefined();
    expect(body.channels).toEqual([
      {
        channel: 'b',
        fileExtension: '.iso',
        visibility: 'public',
        latest: 'b-1',
        maxAge: null,
        channelUrl: `${publishBase}/channel/b.iso`,
      },
      {
        channel: 'a',
        fileExtension: '.tar.xz',
        visibility: 'private',
        latest: null,
        maxAge: 3_600,
        channelUrl: `${publishBase}/channel/a.tar.xz`,
      },
      { channel: 'broken', problem: expect.stringContaining('"broken.json"') },
      { channel: 'missing', problem: expect.stringContaining('no record') },
      { channel: 'channels', problem: expect.stringContaining('no channel name') },
      { channel: '../x', problem: expect.stringContaining('no channel name') },
      { channel: 'gone', problem: expect.stringContaining('removed') },
    ]);
  });

  it('ends though a name stands twice, far apart', async () => {
    const { bucket, call } = publishRig();
    const channels = Array.from({ length: 250 }, (_, index) => `c${index === 199 ? 99 : index}`);
    bucket.putJson('channels.json', { channels });
    const seen: string[] = [];
    for (let after: string | undefined, more = true; more && seen.length < 1_000; ) {
      const { body } = await call(list, after === undefined ? {} : { query: { after } });
      seen.push(...body.channels.map(({ channel }: { channel: string }) => channel));
      after = body.next;
      more = after !== undefined;
    }
    expect(seen).toEqual([...new Set(channels)]);
  });

  it('is empty where there is no catalog', async () => {
    expect((await publishRig().call(list)).body).toEqual({ channels: [] });
  });

  it('comes in pages of 100', async () => {
    const { bucket, call } = publishRig();
    const channels = Array.from({ length: 250 }, (_, index) => `c${index}`);
    bucket.putJson('channels.json', { channels });
    for (const channel of channels) bucket.putJson(`${channel}.json`, {});
    const seen: string[] = [];
    for (let after: string | undefined, pages = 0; pages === 0 || after !== undefined; pages += 1) {
      const { body } = await call(list, after === undefined ? {} : { query: { after } });
      expect(body.channels.length).toBeLessThanOrEqual(100);
      seen.push(...body.channels.map(({ channel }: { channel: string }) => channel));
      after = body.next;
    }
    expect(seen).toEqual(channels);
  });

  it('ends with the last channel of a whole page', async () => {
    const { bucket, call } = publishRig();
    bucket.putJson('channels.json', { channels: Array.from({ length: 100 }, (_, index) => `c${index}`) });
    expect((await call(list)).body).not.toHaveProperty('next');
  });

  it('is 503 while the bucket is away, not a list with holes', async () => {
    const { bucket, call } = publishRig();
    bucket.putJson('channels.json', { channels: ['a'] });
    bucket.fault = (name) => {
      if (name === 'get a.json') throw away();
    };
    expect((await call(list)).status).toBe(503);
  });
});

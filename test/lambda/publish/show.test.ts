import { describe, expect, it } from '@jest/globals';
import { away } from '../../support/memory-bucket.ts';
import { publishBase, publishRig } from '../../support/publish-rig.ts';

describe('list channels', () => {
  const list = 'GET /publish/catalog';

  describe('GET /publish/catalog', () => {
    it('lists the channels in the order of the catalog, and says why some are not served', async () => {
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
        { channel: 'channels', problem: expect.stringContaining('not a channel name') },
        { channel: '../x', problem: expect.stringContaining('not a channel name') },
        { channel: 'gone', problem: expect.stringContaining('removed') },
      ]);
    });

    it('ends even if the catalog has a name twice, on different pages', async () => {
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

    it('gives an empty list where there is no catalog', async () => {
      expect((await publishRig().call(list)).body).toEqual({ channels: [] });
    });

    it('gives pages of 100 channels', async () => {
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

    it('has no next page after a last page that is full', async () => {
      const { bucket, call } = publishRig();
      bucket.putJson('channels.json', { channels: Array.from({ length: 100 }, (_, index) => `c${index}`) });
      expect((await call(list)).body).not.toHaveProperty('next');
    });

    it('answers 503 while the bucket is unavailable, and not an incomplete list', async () => {
      const { bucket, call } = publishRig();
      bucket.putJson('channels.json', { channels: ['a'] });
      bucket.fault = (name) => {
        if (name === 'get a.json') throw away();
      };
      expect((await call(list)).status).toBe(503);
    });
  });
});

describe('show channel', () => {
  const show = 'GET /publish/channels/{channel}';

  describe('GET /publish/channels/{channel}', () => {
    it('shows an empty channel', async () => {
      const { add, call } = publishRig();
      await add('demo');
      const { body } = await call(show, { channel: 'demo' });
      expect(body).toMatchObject({ channel: 'demo', latest: null, serial: 1, previous: 0, fileExtension: '.tar.xz' });
      expect(body).not.toHaveProperty('permanentUrl');
      expect(body).not.toHaveProperty('facts');
    });

    it('shows the latest release, its facts and the history, newest first', async () => {
      const { add, publish, call } = publishRig();
      await add('demo');
      await publish({ release: 'demo-1', more: { lastModified: 5 } });
      await publish({ release: 'demo-2', more: { lastModified: 7 } });
      const { body } = await call(show, { channel: 'demo' });
      expect(body).toMatchObject({
        latest: 'demo-2',
        permanentUrl: `${publishBase}/permanent/demo-2.tar.xz`,
        facts: { release: 'demo-2', lastModified: 7 },
        serial: 3,
        previous: 1,
        history: { entries: [{ release: 'demo-2', from: 'demo-1' }, { release: 'demo-1' }, { action: 'add' }] },
      });
    });

    it('gives the history in pages', async () => {
      const { bucket, call } = publishRig();
      const previous = Array.from({ length: 150 }, (_, index) => `demo-${index}`);
      bucket.putJson('channels.json', { channels: ['demo'] });
      bucket.putJson('demo.json', { latest: 'demo-150', previous });
      const first = await call(show, { channel: 'demo' });
      const second = await call(show, { channel: 'demo', query: { after: first.body.history.next } });
      const names = [first, second].flatMap(({ body }) =>
        body.history.entries.map(({ release }: { release: string }) => release),
      );
      expect(names).toEqual([...previous].reverse());
      expect(await call(show, { channel: 'demo', query: { after: 'x' } })).toMatchObject({
        status: 400,
        body: { field: 'after' },
      });
    });

    it.each([
      ['an unknown channel', 'none', 404, 'not-found'],
      ['a channel without a record', 'bare', 404, 'not-found'],
      ['a channel that the catalog removed', 'gone', 410, 'gone'],
      ['a channel whose record is removed', 'half', 410, 'gone'],
      ['a damaged record', 'broken', 409, 'damaged'],
      ['what is no name', 'a/b', 400, 'invalid-input'],
      ['nothing', '', 400, 'invalid-input'],
    ])('refuses %s', async (_, channel, status, code) => {
      const { bucket, call } = publishRig();
      bucket.putJson('channels.json', { channels: ['bare', 'half', 'broken'], removed: ['gone'] });
      bucket.putJson('half.json', { removed: true });
      bucket.put('broken.json', '[');
      const answer = await call(show, { channel });
      expect(answer).toMatchObject({
        status,
        contentType: 'application/problem+json',
        body: { status, code, title: code },
      });
      expect(answer.body).toMatchObject({ type: 'about:blank', detail: expect.stringMatching(/\.$|"$/) });
    });
  });
});

import { describe, expect, it } from '@jest/globals';
import { publishBase, publisher, publishRig } from '../../support/publish-rig.ts';

describe('POST /publish/catalog', () => {
  it('adds a channel that both services can read', async () => {
    const { bucket, add } = publishRig();
    const { status, body } = await add('demo');
    expect([status, body]).toEqual([
      200,
      {
        channel: 'demo',
        fileExtension: '.tar.xz',
        visibility: 'private',
        fresh: true,
        channelUrl: `${publishBase}/channel/demo.tar.xz`,
      },
    ]);
    expect(bucket.json('channels.json')).toEqual({ channels: ['demo'], public: [], removed: [] });
    expect(bucket.json('demo.json')).toMatchObject({
      latest: null,
      file_extension: '.tar.xz',
      previous: [],
      serial: 1,
    });
    expect(bucket.json('demo.json').history).toEqual([
      { serial: 1, action: 'add', operation: expect.any(String), at: '2026-01-01T00:00:00.000Z', by: publisher },
    ]);
  });

  it('writes the record before the catalog names it', async () => {
    const { bucket, add } = publishRig();
    await add('demo');
    expect(bucket.calls.filter((call) => call.startsWith('put'))).toEqual(['put demo.json', 'put channels.json']);
  });

  it('keeps what others wrote into the catalog', async () => {
    const { bucket, add } = publishRig();
    bucket.putJson('channels.json', { channels: ['a', '../odd'], note: 1 });
    await add('demo');
    expect(bucket.json('channels.json')).toEqual({
      channels: ['a', '../odd', 'demo'],
      public: [],
      removed: [],
      note: 1,
    });
  });

  it('says the same when it is repeated, and that it was there when it is added again', async () => {
    const { add, bucket } = publishRig();
    const more = { operation: 'operation-same', fileExtension: '.iso' };
    const first = await add('demo', more);
    const after = bucket.objects.get('demo.json')?.text;
    expect(await add('demo', more)).toEqual(first);
    expect((await add('demo', { fileExtension: '.iso' })).body.fresh).toBe(false);
    expect(bucket.objects.get('demo.json')?.text).toBe(after);
    expect(bucket.json('channels.json').channels).toEqual(['demo']);
  });

  it('takes over a record that another tool left', async () => {
    const { bucket, add } = publishRig();
    bucket.putJson('demo.json', { latest: 'demo-1', previous: ['demo-0'] });
    expect(await add('demo')).toMatchObject({ status: 200, body: { fresh: true } });
    expect(bucket.json('demo.json')).toEqual({ latest: 'demo-1', previous: ['demo-0'] });
  });

  it('refuses another extension for a channel that is there', async () => {
    const { add } = publishRig();
    await add('demo');
    expect(await add('demo', { fileExtension: '.iso' })).toMatchObject({
      status: 409,
      body: { code: 'other-extension', detail: expect.stringContaining('".tar.xz"') },
    });
  });

  it('never uses a name again, whether catalog or record says that it was removed', async () => {
    const { bucket, add } = publishRig();
    bucket.putJson('channels.json', { channels: [], removed: ['gone'] });
    bucket.putJson('half.json', { latest: null, removed: { at: 'now' } });
    for (const name of ['gone', 'half'])
      expect(await add(name)).toMatchObject({ status: 409, body: { code: 'name-used' } });
    expect(bucket.json('channels.json').channels).toEqual([]);
    expect(bucket.objects.has('gone.json')).toBe(false);
  });

  it('sees a removal that comes between record and catalog', async () => {
    const { bucket, add } = publishRig();
    bucket.fault = (call, moment) => {
      if (call === 'put demo.json' && moment === 'after')
        bucket.putJson('channels.json', { channels: [], removed: ['demo'] });
    };
    expect(await add('demo')).toMatchObject({ status: 409, body: { code: 'name-used' } });
    expect(bucket.json('channels.json').channels).toEqual([]);
  });

  it.each([
    ['catalog', 'channels.json'],
    ['record', 'demo.json'],
  ])('does not write over a damaged %s', async (_, key) => {
    for (const text of ['{', '[]', '{"channels": 1, "latest": 1}']) {
      const { bucket, add } = publishRig();
      bucket.put(key, text);
      expect(await add('demo')).toMatchObject({
        status: 409,
        body: { code: 'damaged', detail: expect.stringContaining(`"${key}"`) },
      });
      expect(bucket.objects.get(key)?.text).toBe(text);
    }
  });

  it.each([
    ['no name', ''],
    ['a reserved name', 'channels'],
    ['another reserved name', 'revoked'],
    ['a slash', 'a/b'],
    ['two dots', '..'],
    ['a plus', 'a+b'],
    ['the ending of a record', 'a.json'],
    ['the ending of a tarball', 'a.tar.gz'],
    ['129 characters', 'a'.repeat(129)],
  ])('refuses %s', async (_, channel) => {
    const { bucket, add } = publishRig();
    expect(await add(channel)).toMatchObject({ status: 400, body: { code: 'invalid-input', field: 'channel' } });
    expect(bucket.calls).toEqual([]);
  });

  it.each(['', 'iso', '.json', '.a.JSON', '.a..b', '.a.', '.a/b', `.${'a'.repeat(32)}`])(
    'refuses the extension %j',
    async (fileExtension) => {
      const { bucket, add } = publishRig();
      expect(await add('demo', { fileExtension })).toMatchObject({ status: 400, body: { field: 'fileExtension' } });
      expect(bucket.calls).toEqual([]);
    },
  );

  it('logs who added what', async () => {
    const { add, lines } = publishRig();
    await add('demo', { operation: 'operation-x' });
    expect(lines).toEqual([
      {
        level: 'info',
        message: 'added',
        channel: 'demo',
        operation: 'operation-x',
        by: publisher,
        fileExtension: '.tar.xz',
        visibility: 'private',
        fresh: true,
        requestId: 'request-1',
      },
    ]);
  });
});

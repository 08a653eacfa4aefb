import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  type CallParts,
  newOperation,
  type PublishAnswer,
  type PublishRig,
  publishBase,
  publisher,
  publishRig,
} from '../../support/publish-rig.ts';

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

  it('keeps what other tools wrote into the catalog', async () => {
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

  it('gives the same answer to a repeat, and says that the channel exists when it is added again', async () => {
    const { add, bucket } = publishRig();
    const more = { operation: 'operation-same', fileExtension: '.iso' };
    const first = await add('demo', more);
    const after = bucket.objects.get('demo.json')?.text;
    expect(await add('demo', more)).toEqual(first);
    expect((await add('demo', { fileExtension: '.iso' })).body.fresh).toBe(false);
    expect(bucket.objects.get('demo.json')?.text).toBe(after);
    expect(bucket.json('channels.json').channels).toEqual(['demo']);
  });

  it('adds a channel whose record another tool wrote', async () => {
    const { bucket, add } = publishRig();
    bucket.putJson('demo.json', { latest: 'demo-1', previous: ['demo-0'] });
    expect(await add('demo')).toMatchObject({ status: 200, body: { fresh: true } });
    expect(bucket.json('demo.json')).toEqual({ latest: 'demo-1', previous: ['demo-0'] });
  });

  it('refuses another extension for a channel that exists', async () => {
    const { add } = publishRig();
    await add('demo');
    expect(await add('demo', { fileExtension: '.iso' })).toMatchObject({
      status: 409,
      body: { code: 'other-extension', detail: expect.stringContaining('".tar.xz"') },
    });
  });

  it('never uses a removed name again, whether the catalog or the record has the removal', async () => {
    const { bucket, add } = publishRig();
    bucket.putJson('channels.json', { channels: [], removed: ['gone'] });
    bucket.putJson('half.json', { latest: null, removed: { at: 'now' } });
    for (const name of ['gone', 'half'])
      expect(await add(name)).toMatchObject({ status: 409, body: { code: 'name-used' } });
    expect(bucket.json('channels.json').channels).toEqual([]);
    expect(bucket.objects.has('gone.json')).toBe(false);
  });

  it('refuses where a removal comes between the writes of the record and the catalog', async () => {
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
  ])('does not overwrite a damaged %s', async (_, key) => {
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
  ])('refuses a channel name that is or has %s', async (_, channel) => {
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

  it('logs who added which channel', async () => {
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

describe('removing and restoring a channel', () => {
  let rig: PublishRig;
  beforeEach(async () => {
    rig = publishRig();
    await rig.add('demo');
    await rig.publish({ release: 'demo-1' });
  });

  const routes = {
    remove: 'DELETE /publish/catalog/{channel}',
    restore: 'POST /publish/catalog/{channel}/restore',
  } as const;

  const run = (
    action: keyof typeof routes,
    body: object = { operation: newOperation() },
    channel = 'demo',
  ): Promise<PublishAnswer> => rig.call(routes[action], { channel, body } satisfies CallParts);

  const catalog = () => rig.bucket.json('channels.json') as unknown as { channels: string[]; removed: string[] };
  const record = () =>
    rig.bucket.json('demo.json') as unknown as { removed?: unknown; serial: number; history: object[] };
  const stored = () => ['channels.json', 'demo.json'].map((key) => rig.bucket.objects.get(key)?.text);
  const isRemoved = (): boolean => {
    const inRecord = record().removed !== undefined;
    expect([catalog().channels.includes('demo'), catalog().removed.includes('demo')]).toEqual([!inRecord, inRecord]);
    return inRecord;
  };

  describe('a restoration', () => {
    it('restores the channel as it was, and says what it points to', async () => {
      await run('remove');
      expect(isRemoved()).toBe(true);
      expect(await run('restore')).toEqual({
        status: 200,
        contentType: 'application/json',
        body: {
          channel: 'demo',
          removed: false,
          fresh: true,
          latest: 'demo-1',
          visibility: 'private',
          channelUrl: 'https://channels.test/channel/demo.tar.xz',
        },
      });
      expect(isRemoved()).toBe(false);
      expect(record()).toMatchObject({ latest: 'demo-1', serial: 4 });
      expect(record().history.at(-1)).toMatchObject({ action: 'restore', by: expect.stringContaining('run-7') });
      expect((await rig.publish({ release: 'demo-2' })).body).toMatchObject({ fresh: true, latest: true });
      expect(rig.lines).toContainEqual(expect.objectContaining({ message: 'restored', channel: 'demo', fresh: true }));
    });

    it('changes nothing where the channel is not removed', async () => {
      const before = stored();
      expect((await run('restore')).body).toMatchObject({ fresh: false, removed: false, latest: 'demo-1' });
      expect(stored()).toEqual(before);
    });

    it('says in a dry run what it would do, and writes nothing', async () => {
      expect((await run('restore', { operation: newOperation(), dryRun: true })).body.fresh).toBe(false);
      await run('remove');
      expect((await run('restore', { operation: newOperation(), dryRun: true })).body).toMatchObject({ fresh: true });
      expect((await run('remove', { operation: newOperation(), dryRun: true })).body).toMatchObject({ fresh: false });
      expect(isRemoved()).toBe(true);
    });

    it('refuses a name that never was a channel, and a removed name without a record', async () => {
      expect(await run('restore', undefined, 'none')).toMatchObject({ status: 404, body: { code: 'not-found' } });
      expect(await run('restore', undefined, '../x')).toMatchObject({ status: 400 });
      rig.bucket.putJson('channels.json', { channels: ['demo'], removed: ['old'] });
      expect(await run('restore', undefined, 'old')).toMatchObject({
        status: 404,
        body: { detail: 'The bucket has no record of the channel "old".' },
      });
    });

    it('is what the API advises wherever a channel was removed', async () => {
      await run('remove');
      const advice = expect.stringContaining('"channelctl restore demo"');
      expect((await rig.add('demo')).body).toMatchObject({ code: 'name-used', detail: advice });
      expect((await rig.publish({ release: 'demo-2' })).body).toMatchObject({ code: 'gone', detail: advice });
    });
  });

  describe('an operation that is repeated late', () => {
    it('does not remove again a channel that was restored since', async () => {
      const removal = { operation: newOperation() };
      await run('remove', removal);
      await run('restore');
      expect((await run('remove', removal)).body).toEqual({ channel: 'demo', removed: false, fresh: true });
      expect(isRemoved()).toBe(false);
    });

    it('does not restore again a channel that was removed since', async () => {
      const restoration = { operation: newOperation() };
      await run('remove');
      await run('restore', restoration);
      await run('remove');
      expect((await run('restore', restoration)).body).toMatchObject({ removed: true, fresh: true });
      expect(isRemoved()).toBe(true);
    });

    it('is refused where its ID was already used for the opposite', async () => {
      const body = { operation: newOperation() };
      await run('remove', body);
      expect(await run('restore', body)).toMatchObject({ status: 409, body: { code: 'operation-used' } });
    });
  });

  /** Does something once, right before or after a call to the bucket takes effect. */
  function once(call: string, moment: 'before' | 'after', work: () => void): void {
    let isDone = false;
    rig.bucket.fault = (name, when) => {
      if (isDone || name !== call || when !== moment) return;
      isDone = true;
      work();
    };
  }

  /** The only write of a restoration where the catalog still has the channel. */
  const unmark = (): void => {
    const { removed: _, ...rest } = record();
    rig.bucket.putJson('demo.json', rest);
  };

  describe('the catalog follows the record', () => {
    it('when the channel is restored right before a removal writes the catalog', async () => {
      once('put channels.json', 'before', unmark);
      expect((await run('remove')).status).toBe(200);
      expect(isRemoved()).toBe(false);
    });

    it('when the channel is removed right before a restoration writes the catalog', async () => {
      await run('remove');
      once('put channels.json', 'before', () => rig.bucket.putJson('demo.json', { ...record(), removed: { by: 'b' } }));
      expect((await run('restore')).status).toBe(200);
      expect(isRemoved()).toBe(true);
    });

    it('when the channel is restored while the doctor completes a removal', async () => {
      await run('remove');
      rig.bucket.putJson('channels.json', { channels: ['demo'], public: [], removed: [] });
      once('get demo.json', 'after', unmark);
      const { body } = await rig.call('POST /publish/doctor', { body: { operation: newOperation() } });
      expect(body.findings).toContainEqual(expect.objectContaining({ kind: 'record-removed', fixed: false }));
      expect(isRemoved()).toBe(false);
    });
  });
});

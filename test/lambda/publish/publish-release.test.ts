import { describe, expect, it } from '@jest/globals';
import { MemoryBucket, md5, sha256 } from '../../support/memory-bucket.ts';
import { newOperation, type PublishRig, publishBase, publisher, publishRig } from '../../support/publish-rig.ts';

const rev = '0a'.repeat(20);
const narHash = 'sha256-R9r+TXs/iiXyJgsOmPvyQm9dpAmPbKmSoHcBmMFnrq4=';

async function rig(): Promise<PublishRig> {
  const made = publishRig();
  await made.add('demo');
  made.lines.length = 0;
  made.bucket.calls.length = 0;
  return made;
}

const published = (release: string, more: object = {}) => ({
  status: 200,
  body: {
    status: 'published',
    channel: 'demo',
    release,
    fresh: true,
    latest: true,
    channelUrl: `${publishBase}/channel/demo.tar.xz`,
    permanentUrl: `${publishBase}/permanent/${release}.tar.xz`,
    ...more,
  },
});

describe('publishing a release', () => {
  it('makes it the latest, with the declared facts', async () => {
    const { bucket, publish } = await rig();
    const more = { rev: rev.toUpperCase(), revCount: 7, lastModified: 1767225600, narHash };
    expect(await publish({ release: 'demo-1', more })).toMatchObject(published('demo-1'));
    const object = bucket.objects.get('demo-1.tar.xz');
    const facts = { rev, revCount: 7, lastModified: 1767225600, narHash, sha256: sha256('demo-1') };
    expect(bucket.json('demo.json')).toMatchObject({
      latest: 'demo-1',
      previous: [],
      serial: 2,
      facts: { release: 'demo-1', etag: object?.etag, ...facts },
    });
    expect(object?.metadata).toEqual({
      channel: 'demo',
      rev,
      revcount: '7',
      lastmodified: '1767225600',
      narhash: narHash,
      sha256: sha256('demo-1'),
    });
  });

  it('keeps the facts of the archive only in the record, also after a rollback and a promotion', async () => {
    const { bucket, publish, add, call } = await rig();
    await add('other');
    const archive = { flake: true, topLevelEntries: 1 };
    await publish({ release: 'demo-1', more: { archive } });
    await publish({ release: 'demo-2', more: { archive: { flake: false, topLevelEntries: 2 } } });
    await publish({ release: 'demo-3' });
    const archives = { 'demo-1': archive, 'demo-2': { flake: false, topLevelEntries: 2 } };
    expect(bucket.json('demo.json').archives).toEqual(archives);
    expect(bucket.objects.get('demo-1.tar.xz')?.metadata).toEqual({ channel: 'demo', sha256: sha256('demo-1') });

    const flakeInput = `inputs.demo.url = "${publishBase}/channel/demo.tar.xz";`;
    const show = async () => (await call('GET /publish/channels/{channel}', { channel: 'demo' })).body.snippets;
    expect(await show()).not.toContainEqual({ use: 'flake input', text: flakeInput });
    const body = { operation: newOperation(), from: 'demo-3', to: 'demo-1' };
    await call('POST /publish/channels/{channel}/rollback', { channel: 'demo', body });
    expect(await show()).toContainEqual({ use: 'flake input', text: flakeInput });

    const pair = { from: 'demo', to: 'other' };
    await call('POST /publish/promotions/{from}/{to}', { pair, body: { operation: newOperation() } });
    expect(bucket.json('other.json').archives).toEqual({ 'demo-1': archive });
  });

  it('answers with lines for readers where the channel points to the release', async () => {
    const { publish } = await rig();
    const { body } = await publish({ release: 'demo-1', more: { archive: { flake: false, topLevelEntries: 1 } } });
    expect(body.snippets.map(({ use }: { use: string }) => use)).toEqual([
      'flake input',
      'nix-channel',
      'fetchTarball',
    ]);
    await publish({ release: 'demo-2' });
    expect((await publish({ release: 'demo-1' })).body).toMatchObject({ latest: false, snippets: [] });
  });

  it('says if the latest release before has the same bytes, and only then', async () => {
    const { publish } = await rig();
    expect((await publish({ release: 'demo-1', bytes: 'same' })).body).not.toHaveProperty('sameAs');
    expect(await publish({ release: 'demo-2', bytes: 'same' })).toMatchObject(
      published('demo-2', { sameAs: 'demo-1' }),
    );
    expect((await publish({ release: 'demo-3', bytes: 'other' })).body).not.toHaveProperty('sameAs');
    expect((await publish({ release: 'demo-4', bytes: 'same' })).body).not.toHaveProperty('sameAs');
  });

  it('writes the record last, and nothing without a condition', async () => {
    const { bucket, publish } = await rig();
    await publish({ release: 'demo-1', operation: 'operation-a' });
    expect(bucket.calls.filter((call) => !/^(get|head|parts)/.test(call))).toEqual([
      'open demo-1.tar.xz',
      'put uploads/demo/operation-a.json',
      'complete demo-1.tar.xz',
      'put demo.json',
      'put facts/demo.json',
    ]);
  });

  it('shows readers nothing before the commit', async () => {
    const { bucket, declare } = await rig();
    const before = bucket.objects.get('demo.json')?.text;
    const { body } = await declare({ release: 'demo-1', operation: 'operation-a' });
    bucket.putPart(new URL(body.parts[0].url).searchParams.get('uploadId') as string, 1, 'demo-1');
    expect(bucket.objects.has('demo-1.tar.xz')).toBe(false);
    expect(bucket.objects.get('demo.json')?.text).toBe(before);
  });

  it('logs who published what, and the latest releases before and after', async () => {
    const { publish, lines } = await rig();
    await publish({ release: 'demo-1' });
    await publish({ release: 'demo-2', operation: 'operation-b' });
    expect(lines.at(-1)).toEqual({
      level: 'info',
      message: 'published',
      channel: 'demo',
      release: 'demo-2',
      operation: 'operation-b',
      by: publisher,
      from: 'demo-1',
      fresh: true,
      latest: true,
      requestId: 'request-1',
    });
  });

  it('logs the actual latest release before, even if another release came in between', async () => {
    const { bucket, publish, lines } = await rig();
    await publish({ release: 'demo-1' });
    bucket.fault = (call, moment) => {
      if (call !== 'complete demo-3.tar.xz' || moment === 'before') return;
      bucket.putJson('demo.json', { ...bucket.json('demo.json'), latest: 'demo-2', previous: ['demo-1'] });
    };
    expect(await publish({ release: 'demo-3' })).toMatchObject(published('demo-3'));
    expect(bucket.json('demo.json').previous).toEqual(['demo-1', 'demo-2']);
    expect(lines.at(-1)).toMatchObject({ from: 'demo-2', release: 'demo-3' });
  });

  it('gives the same answer to a repeated commit, even after a newer release', async () => {
    const { bucket, publish, commit } = await rig();
    const run = { release: 'demo-1', operation: 'operation-a' };
    await publish(run);
    expect(await commit(run)).toMatchObject(published('demo-1'));
    await publish({ release: 'demo-2' });
    const record = bucket.objects.get('demo.json')?.text;
    expect(await commit(run)).toMatchObject(published('demo-1', { latest: false }));
    expect(bucket.objects.get('demo.json')?.text).toBe(record);
  });

  it('gives the same answer to a repeated declaration, without a second upload', async () => {
    const { bucket, declare } = await rig();
    const run = { release: 'demo-1', operation: 'operation-a' };
    const first = await declare(run);
    expect(first.body).toMatchObject({ status: 'open', upload: 'operation-a', arrived: [], partSize: 16 * 1024 ** 2 });
    expect(await declare(run)).toEqual(first);
    expect(bucket.uploads.size).toBe(1);
  });

  it.each([
    ['other bytes', { release: 'demo-1', bytes: 'other' }],
    ['another release', { release: 'demo-2', bytes: 'demo-1' }],
  ])('is refused if its operation ID was already used for %s, and leaves no second upload', async (_, other) => {
    const { bucket, declare, publish } = await rig();
    const operation = 'operation-a';
    await declare({ release: 'demo-1', operation });
    const first = [...bucket.uploads.keys()];

    expect(await declare({ ...other, operation })).toMatchObject({
      status: 409,
      body: { code: 'operation-used', detail: expect.stringContaining('"operation-a"') },
    });
    expect([...bucket.uploads.keys()]).toEqual(first);
    expect(await publish({ release: 'demo-1', operation })).toMatchObject(published('demo-1'));
  });

  it('succeeds where two runs declare the same at the same time', async () => {
    const { bucket, publish } = await rig();
    const run = { release: 'demo-1', operation: 'operation-a' };
    const answers = await Promise.all([publish(run), publish(run)]);
    for (const answer of answers) expect(answer).toMatchObject(published('demo-1'));
    expect(bucket.uploads.size).toBe(0);
    expect(bucket.json('demo.json')).toMatchObject({ latest: 'demo-1', previous: [], serial: 2 });
  });
});

describe('a release name that is already used', () => {
  it('by the latest release with the same bytes succeeds and changes nothing', async () => {
    const { bucket, publish, declare } = await rig();
    await publish({ release: 'demo-1' });
    const record = bucket.objects.get('demo.json')?.text;
    expect(await declare({ release: 'demo-1' })).toMatchObject(published('demo-1', { fresh: false }));
    expect(bucket.objects.get('demo.json')?.text).toBe(record);
    expect(bucket.uploads.size).toBe(0);
  });

  it('by an older release with the same bytes succeeds, says so, and keeps the newer release', async () => {
    const { bucket, publish } = await rig();
    await publish({ release: 'demo-1', more: { lastModified: 1 } });
    await publish({ release: 'demo-2', more: { lastModified: 2 } });
    const again = await publish({ release: 'demo-1', more: { lastModified: 1 } });
    expect(again).toMatchObject(published('demo-1', { fresh: false, latest: false }));
    expect(bucket.json('demo.json').latest).toBe('demo-2');
  });

  it('for other bytes is refused without opening an upload', async () => {
    const { bucket, publish } = await rig();
    await publish({ release: 'demo-1', bytes: 'these bytes' });
    for (const bytes of ['those bytes', 'fewer', 'and many more bytes'])
      expect(await publish({ release: 'demo-1', bytes })).toMatchObject({ status: 409, body: { code: 'other-bytes' } });
    expect(bucket.uploads.size).toBe(0);
  });

  it('for the same bytes in the bucket but in no record is added to the record without an upload', async () => {
    const { bucket, declare, commit } = await rig();
    bucket.put('demo-1.tar.xz', 'demo-1', { channel: 'demo', sha256: sha256('demo-1'), rev });
    const run = { release: 'demo-1', operation: 'operation-a' };
    expect((await declare(run)).body).toEqual({
      status: 'open',
      upload: 'operation-a',
      partSize: 16 * 1024 ** 2,
      arrived: [1],
      parts: [],
    });
    expect(await commit(run)).toMatchObject(published('demo-1'));
    expect(bucket.json('demo.json')).toMatchObject({ latest: 'demo-1', facts: { rev } });
  });

  it('by an object of another channel is refused, whatever its bytes', async () => {
    const { bucket, declare } = await rig();
    bucket.put('demo-1.tar.xz', 'demo-1', { channel: 'other', sha256: sha256('demo-1') });
    expect(await declare({ release: 'demo-1' })).toMatchObject({
      status: 409,
      body: { code: 'other-channel', detail: expect.stringContaining('"other"') },
    });
  });

  it('and yanked is refused at the declaration and at the commit', async () => {
    const { bucket, publish, declare, call } = await rig();
    await publish({ release: 'demo-1', operation: 'operation-a' });
    bucket.putJson('demo.json', { ...bucket.json('demo.json'), latest: null, yanked: { 'demo-1': { why: 'bad' } } });
    const record = bucket.objects.get('demo.json')?.text;
    for (const answer of [
      await declare({ release: 'demo-1' }),
      await call('POST /publish/channels/{channel}/releases', {
        channel: 'demo',
        body: { operation: 'operation-b', upload: 'operation-a' },
      }),
    ])
      expect(answer).toMatchObject({ status: 409, body: { code: 'yanked' } });
    expect(bucket.objects.get('demo.json')?.text).toBe(record);
  });

  it('and yanked between declaration and commit is refused', async () => {
    const { bucket, publish } = await rig();
    bucket.fault = (call, moment) => {
      if (call === 'complete demo-1.tar.xz' && moment === 'after')
        bucket.putJson('demo.json', { ...bucket.json('demo.json'), yanked: { 'demo-1': {} } });
    };
    expect(await publish({ release: 'demo-1' })).toMatchObject({ status: 409, body: { code: 'yanked' } });
    expect(bucket.json('demo.json').latest).toBeNull();
  });

  it('in a record without an object is uploaded again without moving the channel', async () => {
    const { bucket, publish } = await rig();
    await publish({ release: 'demo-1' });
    await publish({ release: 'demo-2' });
    bucket.objects.delete('demo-1.tar.xz');
    expect(await publish({ release: 'demo-1' })).toMatchObject(published('demo-1', { fresh: false, latest: false }));
    expect(bucket.objects.has('demo-1.tar.xz')).toBe(true);
    expect(bucket.json('demo.json').latest).toBe('demo-2');
  });
});

describe('an object of another tool', () => {
  const other = async (etag: string) => {
    const made = await rig();
    made.bucket.put('demo-1.tar.xz', 'demo-1', {}, etag);
    return made;
  };

  it('is compared by its MD5, which the declaration must have', async () => {
    const { declare, publish, bucket } = await other(`"${md5('demo-1')}"`);
    expect(await declare({ release: 'demo-1' })).toMatchObject({ status: 409, body: { code: 'md5-needed' } });
    expect(await publish({ release: 'demo-1', more: { md5: md5('demo-1') } })).toMatchObject(published('demo-1'));
    expect(bucket.json('demo.json').facts).toEqual({ release: 'demo-1', etag: `"${md5('demo-1')}"`, size: 6 });
  });

  it.each([
    ['other bytes of the same size', { bytes: 'demo-9', more: { md5: md5('demo-9') } }, 'other-bytes'],
    ['another size, without asking for the MD5', { bytes: 'more bytes' }, 'other-bytes'],
  ])('is refused for %s', async (_, run, code) => {
    const { declare } = await other(`"${md5('demo-1')}"`);
    expect(await declare({ release: 'demo-1', ...run })).toMatchObject({ status: 409, body: { code } });
  });

  it.each([`"${md5('demo-1')}-1"`, '"opaque"', `"${md5('demo-1').toUpperCase()}"`])(
    'is refused with the reason where its entity tag %s is not an MD5',
    async (etag) => {
      const { declare } = await other(etag);
      expect(await declare({ release: 'demo-1', more: { md5: md5('demo-1') } })).toMatchObject({
        status: 409,
        body: { code: 'undecidable', detail: expect.stringContaining('without a checksum to compare') },
      });
    },
  );
});

describe('a release that is older than the latest', () => {
  it('is refused with both times, unless it is forced', async () => {
    const { bucket, publish } = await rig();
    await publish({ release: 'demo-2', more: { lastModified: 1767225600 } });
    const older = { release: 'demo-1', more: { lastModified: 1767225599 } };
    expect(await publish(older)).toMatchObject({
      status: 409,
      body: { code: 'older', detail: expect.stringMatching(/2025-12-31T23:59:59.*2026-01-01T00:00:00.*--force/) },
    });
    expect(bucket.uploads.size).toBe(0);
    expect(await publish({ ...older, more: { ...older.more, force: true } })).toMatchObject(published('demo-1'));
  });

  it.each([
    ['equally old', { lastModified: 5 }, { lastModified: 5 }],
    ['of unknown age', { lastModified: 5 }, {}],
    ['newer than one of unknown age', {}, { lastModified: 1 }],
  ])('is not one that is %s', async (_, first, second) => {
    const { publish } = await rig();
    await publish({ release: 'demo-1', more: first });
    expect(await publish({ release: 'demo-2', more: second })).toMatchObject(published('demo-2'));
  });

  it('is refused at the commit too, when the newer one came in between', async () => {
    const { publish, declare, commit, bucket } = await rig();
    const run = { release: 'demo-1', operation: newOperation(), more: { lastModified: 1 } };
    const { body } = await declare(run);
    await publish({ release: 'demo-2', more: { lastModified: 2 } });
    bucket.putPart(new URL(body.parts[0].url).searchParams.get('uploadId') as string, 1, 'demo-1');
    expect(await commit(run)).toMatchObject({ status: 409, body: { code: 'older' } });
    expect(bucket.json('demo.json').latest).toBe('demo-2');
    expect(bucket.objects.has('demo-1.tar.xz')).toBe(false);
  });

  it('is judged by the facts of the latest alone', async () => {
    const { bucket, publish } = await rig();
    await publish({ release: 'demo-2', more: { lastModified: 9 } });
    bucket.putJson('demo.json', { ...bucket.json('demo.json'), latest: 'demo-3' });
    expect(await publish({ release: 'demo-1', more: { lastModified: 1 } })).toMatchObject(published('demo-1'));
  });
});

describe('where a release may be published', () => {
  it('is not under a name that belongs to another channel', async () => {
    const { bucket, add, declare } = await rig();
    await add('demo-small');
    bucket.putJson('channels.json', { ...bucket.json('channels.json'), removed: ['old'] });
    for (const [channel, release] of [
      ['demo', 'demo-small-1'],
      ['demo', 'old-1'],
      ['demo-small', 'demo-1'],
    ] as const)
      expect(await declare({ channel, release })).toMatchObject({ status: 409, body: { code: 'other-channel' } });
    expect((await declare({ channel: 'demo-small', release: 'demo-small-1' })).status).toBe(200);
    expect((await declare({ channel: 'demo', release: 'unrelated' })).status).toBe(200);
  });

  it.each([
    ['unknown', 'none', 404, 'not-found'],
    ['removed in the catalog', 'gone', 410, 'gone'],
    ['removed in its record', 'half', 410, 'gone'],
    ['damaged', 'broken', 409, 'damaged'],
    ['no name', '../demo', 400, 'invalid-input'],
  ])('is not in a channel that is %s', async (_, channel, status, code) => {
    const bucket = new MemoryBucket();
    const { declare, commit } = publishRig(bucket);
    bucket.putJson('channels.json', { channels: ['half', 'broken'], removed: ['gone'] });
    bucket.putJson('half.json', { removed: {} });
    bucket.put('broken.json', '{"latest": 7}');
    for (const answer of [
      await declare({ channel, release: 'r-1' }),
      await commit({ channel, release: 'r-1', operation: 'operation-a' }),
    ])
      expect(answer).toMatchObject({ status, contentType: 'application/problem+json', body: { code } });
    expect(bucket.calls.filter((call) => !call.startsWith('get'))).toEqual([]);
  });

  it('is nowhere while the catalog is damaged, and it stays as it is', async () => {
    const { bucket, publish } = await rig();
    bucket.put('channels.json', '{');
    expect(await publish({ release: 'demo-1' })).toMatchObject({ status: 409, body: { code: 'damaged' } });
    expect(bucket.objects.get('channels.json')?.text).toBe('{');
  });

  it('is not a record that vanishes between declaration and commit', async () => {
    const { bucket, publish } = await rig();
    bucket.fault = (call, moment) => {
      if (call === 'complete demo-1.tar.xz' && moment === 'after') bucket.objects.delete('demo.json');
    };
    expect(await publish({ release: 'demo-1' })).toMatchObject({ status: 404 });
    expect(bucket.objects.has('demo.json')).toBe(false);
  });

  it('is not a record that is damaged between declaration and commit', async () => {
    const { bucket, publish } = await rig();
    bucket.fault = (call, moment) => {
      if (call === 'complete demo-1.tar.xz' && moment === 'after') bucket.put('demo.json', '{"latest"');
    };
    expect(await publish({ release: 'demo-1' })).toMatchObject({ status: 409, body: { code: 'damaged' } });
    expect(bucket.objects.get('demo.json')?.text).toBe('{"latest"');
  });
});

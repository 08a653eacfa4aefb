import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  type CallParts,
  newOperation,
  type PublishAnswer,
  type PublishRig,
  publisher,
  publishRig,
} from '../../support/publish-rig.ts';

const retiring = 'POST /publish/retirements/{channel}';
const pinning = 'POST /publish/pins/{channel}';
const dayMs = 86_400_000;

let rig: PublishRig;
const ask = (route: string, channel: string, body: object): Promise<PublishAnswer> =>
  rig.call(route, { channel, body: { operation: newOperation(), ...body } } satisfies CallParts);
const retire = (channel: string, releases: readonly string[], more: object = {}): Promise<PublishAnswer> =>
  ask(retiring, channel, { releases, reason: 'old', ...more });
const undo = (channel: string, releases: readonly string[], more: object = {}): Promise<PublishAnswer> =>
  ask(retiring, channel, { releases, ...more });
// biome-ignore lint/suspicious/noExplicitAny: records are looked into by name
const recordOf = (channel: string): any => rig.bucket.json(`${channel}.json`);

beforeEach(async () => {
  rig = publishRig();
  await rig.add('demo');
  for (const release of ['demo-1', 'demo-2', 'demo-3', 'demo-4']) {
    await rig.publish({ release });
    await rig.clock.sleep(10 * dayMs);
  }
});

describe('retiring releases', () => {
  it('marks them in one write, says until when it can be undone, and leaves previous whole', async () => {
    const writes = rig.bucket.calls.length;
    const { status, body } = await retire('demo', ['demo-1', 'demo-2']);
    expect(status).toBe(200);
    const until = new Date(rig.clock.now() + 30 * dayMs).toISOString();
    expect(body).toEqual({
      channel: 'demo',
      action: 'retire',
      fresh: true,
      releases: [
        { release: 'demo-1', publishedAt: expect.any(String) },
        { release: 'demo-2', publishedAt: expect.any(String) },
      ],
      kept: [],
      until,
    });
    const at = new Date(rig.clock.now()).toISOString();
    const mark = { reason: 'old', at, by: publisher, until };
    expect(recordOf('demo').retired).toEqual({ 'demo-1': mark, 'demo-2': mark });
    expect(recordOf('demo')).toMatchObject({ latest: 'demo-4', previous: ['demo-1', 'demo-2', 'demo-3'] });
    expect(rig.bucket.calls.slice(writes).filter((call) => call.startsWith('put '))).toEqual(['put demo.json']);
    expect(rig.lines.at(-1)).toMatchObject({
      message: 'retire',
      channel: 'demo',
      releases: ['demo-1', 'demo-2'],
      count: 2,
      by: publisher,
      reason: 'old',
      until,
    });
  });

  it('is answered from the history when it is repeated', async () => {
    const operation = newOperation();
    const first = await retire('demo', ['demo-1'], { operation });
    const writes = rig.bucket.calls.filter((call) => call.startsWith('put ')).length;
    const again = await retire('demo', ['demo-1'], { operation });
    expect(again.body).toMatchObject({ fresh: true, until: first.body.until, releases: [{ release: 'demo-1' }] });
    expect(rig.bucket.calls.filter((call) => call.startsWith('put '))).toHaveLength(writes);
    expect((await undo('demo', ['demo-1'], { operation })).body.code).toBe('operation-used');
    expect((await retire('demo', ['demo-1'])).body).toMatchObject({ fresh: false, releases: [] });
  });

  it('changes nothing in a dry run, which says dates and sizes', async () => {
    const before = rig.bucket.objects.get('demo.json')?.text;
    const { body } = await retire('demo', ['demo-1'], { dryRun: true });
    expect(body).toMatchObject({ fresh: true, releases: [{ release: 'demo-1', size: 6 }] });
    expect(body.releases[0].publishedAt).toBe(new Date(rig.clock.now() - 40 * dayMs).toISOString());
    expect(rig.bucket.objects.get('demo.json')?.text).toBe(before);
  });

  it.each([
    ['the latest', ['demo-1', 'demo-4'], 409, 'held', /"demo-4" is the latest release of "demo"/],
    ['a pinned one', ['demo-3'], 409, 'held', /"demo-3" is pinned.*channelctl unpin demo demo-3/],
    ['what another channel names', ['demo-2'], 409, 'held', /"demo-2" is also a release of "stable".*--shared/],
    ['what is not of the channel', ['demo-9'], 404, 'not-found', /"demo-9" is not a release of "demo"/],
    ['what is no name', ['../x'], 400, 'invalid-input', /"\.\.\/x"/],
  ])('refuses %s by name, with all others of the request', async (_, releases, status, code, detail) => {
    await rig.add('stable');
    await rig.promote('demo', 'stable', { release: 'demo-2' });
    await ask(pinning, 'demo', { release: 'demo-3', reason: 'needed' });
    const answer = await retire('demo', releases);
    expect(answer).toMatchObject({ status, body: { code } });
    expect(answer.body.detail).toMatch(detail);
    expect(recordOf('demo')).not.toHaveProperty('retired');
  });

  it('counts what a removed channel names, because it can still be read', async () => {
    await rig.add('stable');
    await rig.promote('demo', 'stable', { release: 'demo-2' });
    await rig.call('DELETE /publish/catalog/{channel}', { channel: 'stable', body: { operation: newOperation() } });
    expect((await retire('demo', ['demo-2'])).body.code).toBe('held');
  });

  it('does not go on while the record of another channel is damaged', async () => {
    await rig.add('stable');
    rig.bucket.put('stable.json', '{');
    expect((await retire('demo', ['demo-1'])).body.code).toBe('damaged');
  });

  it('names a release to use instead, which is one of the channel and not retired', async () => {
    expect((await retire('demo', ['demo-1'], { instead: 'demo-9' })).status).toBe(404);
    expect((await retire('demo', ['demo-1'], { instead: 'demo-1' })).body.code).toBe('held');
    await retire('demo', ['demo-1'], { instead: 'demo-3' });
    expect(recordOf('demo').retired['demo-1'].instead).toBe('demo-3');
    expect((await retire('demo', ['demo-2'], { instead: 'demo-1' })).status).toBe(404);
  });

  it('of a release that several channels have is done in one after the other', async () => {
    await rig.add('stable');
    await rig.promote('demo', 'stable', { release: 'demo-2' });
    await rig.promote('demo', 'stable', { release: 'demo-4' });
    expect((await retire('demo', ['demo-2'], { shared: true })).status).toBe(200);
    expect(recordOf('demo').retired['demo-2']).toMatchObject({ shared: true });
    expect((await retire('stable', ['demo-2'])).body).toMatchObject({ fresh: true, kept: [] });
    expect(recordOf('stable').retired['demo-2']).not.toHaveProperty('shared');
  });
});

describe('a selection', () => {
  const select = (more: object): Promise<PublishAnswer> => ask(retiring, 'demo', { reason: 'old', ...more });
  const names = ({ body }: PublishAnswer): string[] => body.releases.map(({ release }: { release: string }) => release);

  it.each([
    ['by age', { olderThanSeconds: 25 * 86_400 }, ['demo-1', 'demo-2']],
    ['by number', { keep: 3 }, ['demo-1']],
    ['by both', { olderThanSeconds: 15 * 86_400, keep: 2 }, ['demo-1', 'demo-2']],
  ])('is made %s', async (_, selection, chosen) => {
    expect(names(await select(selection))).toEqual(chosen);
    expect(Object.keys(recordOf('demo').retired)).toEqual(chosen);
  });

  it('takes the time of the object where the history does not have the release', async () => {
    rig.bucket.putJson('demo.json', { ...recordOf('demo'), history: [] });
    expect(names(await select({ olderThanSeconds: 25 * 86_400, dryRun: true }))).toEqual(['demo-1', 'demo-2']);
    rig.bucket.objects.delete('demo-1.tar.xz');
    expect(names(await select({ olderThanSeconds: 25 * 86_400 }))).toEqual(['demo-2']);
  });

  it('passes over what is pinned or named by another channel, and says so', async () => {
    await rig.add('stable');
    await rig.promote('demo', 'stable', { release: 'demo-2' });
    await ask(pinning, 'demo', { release: 'demo-1', reason: 'needed' });
    const answer = await select({ keep: 1 });
    expect(names(answer)).toEqual(['demo-3']);
    expect(answer.body.kept).toEqual([
      { release: 'demo-1', why: 'pinned' },
      { release: 'demo-2', why: 'named', channel: 'stable' },
    ]);
  });

  it('of nothing changes nothing', async () => {
    expect((await select({ keep: 20 })).body).toMatchObject({ fresh: false, releases: [] });
    expect(recordOf('demo').serial).toBe(5);
  });

  it('of ten thousand releases is one write', async () => {
    const many = Array.from({ length: 10_000 }, (_, index) => `demo-2024-${String(index).padStart(5, '0')}`);
    for (const release of many) rig.bucket.put(`${release}.tar.xz`, 'x');
    rig.bucket.putJson('demo.json', { latest: 'demo-4', file_extension: '.tar.xz', previous: many });
    await rig.clock.sleep(300 * dayMs);
    rig.bucket.calls.length = 0;
    const rehearsal = await select({ olderThanSeconds: 86_400, dryRun: true });
    expect(rehearsal.body.releases).toHaveLength(10_000);
    expect(rehearsal.body.releases[9_999]).toMatchObject({ size: 1 });
    expect(rig.bucket.calls.length).toBeLessThan(30);
    rig.bucket.calls.length = 0;
    const answer = await retire('demo', many);
    expect(answer.body.releases).toHaveLength(10_000);
    expect(Object.keys(recordOf('demo').retired)).toHaveLength(10_000);
    expect(rig.bucket.calls.filter((call) => call.startsWith('put '))).toHaveLength(1);
    expect(rig.bucket.calls.length).toBeLessThan(10);
    expect(rig.lines.at(-1)?.releases).toHaveLength(100);
  });
});

describe('undoing a retirement', () => {
  it('makes the releases available again until the grace time ends', async () => {
    await retire('demo', ['demo-1', 'demo-2']);
    await rig.clock.sleep(30 * dayMs - 1);
    expect((await undo('demo', ['demo-1'])).body).toMatchObject({ action: 'unretire', fresh: true });
    expect(Object.keys(recordOf('demo').retired)).toEqual(['demo-2']);
    expect(rig.lines.at(-1)).toMatchObject({ message: 'unretire', release: 'demo-1', by: publisher });
    await rig.clock.sleep(1);
    const late = await undo('demo', ['demo-2']);
    expect(late).toMatchObject({ status: 409, body: { code: 'too-late' } });
    expect(late.body.detail).toMatch(/gone or going/);
  });

  it('is refused once the object was handed over, whatever the time', async () => {
    await retire('demo', ['demo-1']);
    const record = recordOf('demo');
    record.retired['demo-1'].removed = '2026-02-02T00:00:00.000Z';
    rig.bucket.putJson('demo.json', record);
    expect((await undo('demo', ['demo-1'])).body.code).toBe('too-late');
  });

  it('of what is not retired changes nothing, and is answered from the history when it is repeated', async () => {
    expect((await undo('demo', ['demo-1'])).body).toMatchObject({ fresh: false, releases: [] });
    expect((await undo('demo', ['demo-9'])).status).toBe(404);
    await retire('demo', ['demo-1']);
    const operation = newOperation();
    await undo('demo', ['demo-1'], { operation });
    await retire('demo', ['demo-1']);
    expect((await undo('demo', ['demo-1'], { operation })).body).toMatchObject({ fresh: true });
    expect(recordOf('demo').retired).toHaveProperty('demo-1');
  });
});

describe('a retired release', () => {
  beforeEach(async () => {
    await retire('demo', ['demo-2', 'demo-3']);
  });

  it.each([
    ['a rollback', () => ask('POST /publish/channels/{channel}/rollback', 'demo', { from: 'demo-4', to: 'demo-2' })],
    ['a publication of the same bytes', () => rig.publish({ release: 'demo-2' })],
    ['a publication of other bytes', () => rig.publish({ release: 'demo-2', bytes: 'other' })],
    [
      'a promotion',
      async () => {
        await rig.add('stable');
        return rig.promote('demo', 'stable', { release: 'demo-2' });
      },
    ],
    ['a pin', () => ask(pinning, 'demo', { release: 'demo-2', reason: 'needed' })],
  ])('is refused to %s', async (_, attempt) => {
    expect(await attempt()).toMatchObject({ status: 409, body: { code: 'retired' } });
    expect(recordOf('demo').latest).toBe('demo-4');
  });

  it('is not published by an upload that was opened before', async () => {
    const operation = newOperation();
    const { body } = await rig.declare({ release: 'demo-5', operation });
    rig.bucket.putPart(new URL(body.parts[0].url).searchParams.get('uploadId') as string, 1, 'demo-5');
    const record = recordOf('demo');
    record.retired['demo-5'] = { reason: 'law', at: 'x', by: 'x', until: 'x', takedown: true };
    rig.bucket.putJson('demo.json', record);
    expect((await rig.commit({ release: 'demo-5', operation })).body.code).toBe('retired');
  });

  it('is passed over when a yank falls back, and when the yank of another is undone', async () => {
    await ask('POST /publish/channels/{channel}/yank', 'demo', { release: 'demo-4', reason: 'broken' });
    expect(recordOf('demo').latest).toBe('demo-1');
    await ask('POST /publish/channels/{channel}/yank', 'demo', { release: 'demo-1', reason: 'broken' });
    expect(recordOf('demo').latest).toBeNull();
    await ask('POST /publish/channels/{channel}/yank', 'demo', { release: 'demo-3', reason: 'broken' });
    await ask('POST /publish/channels/{channel}/yank', 'demo', { release: 'demo-3' });
    expect(recordOf('demo').latest).toBeNull();
  });

  it('keeps its name, for other channels too, when its object is gone', async () => {
    await rig.add('new');
    const record = recordOf('demo');
    rig.bucket.putJson('demo.json', { ...record, previous: [...record.previous, 'v1'], retired: { v1: {} } });
    const answer = await rig.publish({ channel: 'new', release: 'v1' });
    expect(answer).toMatchObject({ status: 409, body: { code: 'other-channel' } });
    expect((await rig.publish({ channel: 'new', release: 'v2' })).status).toBe(200);
  });

  it('is shown with its channel, newest first', async () => {
    await rig.clock.sleep(1_000);
    await retire('demo', ['demo-1']);
    await ask(pinning, 'demo', { release: 'demo-4', reason: 'needed' });
    const { body } = await rig.call('GET /publish/channels/{channel}', { channel: 'demo' });
    expect(body.retired.map(({ release }: { release: string }) => release)).toEqual(['demo-1', 'demo-2', 'demo-3']);
    expect(body).toMatchObject({ retiredCount: 3, rollsBackTo: null });
    expect(body.pinned['demo-4']).toMatchObject({ reason: 'needed', by: publisher });
    expect(body.history.entries[1]).toMatchObject({ action: 'retire', release: 'demo-1', reason: 'old' });
  });
});

import { beforeEach, describe, expect, it } from '@jest/globals';
import { newOperation, type PublishAnswer, type PublishRig, publisher, publishRig } from '../../support/publish-rig.ts';

let rig: PublishRig;
const takeDown = (channel: string, release: string, more: object = {}): Promise<PublishAnswer> =>
  rig.call('POST /publish/takedowns/{channel}', {
    channel,
    body: { operation: newOperation(), release, reason: 'law', ...more },
  });
// biome-ignore lint/suspicious/noExplicitAny: records are looked into by name
const recordOf = (channel: string): any => rig.bucket.json(`${channel}.json`);

beforeEach(async () => {
  rig = publishRig();
  await rig.add('demo');
  for (const release of ['demo-1', 'demo-2', 'demo-3']) await rig.publish({ release });
});

describe('a takedown', () => {
  it('of the latest release moves the channel to the one before, and says where the object is', async () => {
    const { status, body } = await takeDown('demo', 'demo-3');
    expect({ status, body }).toEqual({
      status: 200,
      body: {
        channel: 'demo',
        action: 'takedown',
        fresh: true,
        release: 'demo-3',
        channels: [{ channel: 'demo', latest: 'demo-2' }],
        object: { bucket: 'the-bucket', region: 'eu-central-1', key: 'demo-3.tar.xz' },
      },
    });
    expect(recordOf('demo')).toMatchObject({ latest: 'demo-2', previous: ['demo-1', 'demo-3'] });
    expect(recordOf('demo').retired['demo-3']).toMatchObject({ reason: 'law', takedown: true, by: publisher });
    expect(rig.lines.at(-1)).toMatchObject({ level: 'warn', message: 'takedown', channel: 'demo', release: 'demo-3' });
    expect(rig.bucket.objects.has('demo-3.tar.xz')).toBe(true);
  });

  it('names the CloudFront distribution that has copies, if there is one', async () => {
    rig = publishRig(rig.bucket, rig.clock, undefined, undefined, { distributionId: 'EDFDVBD6EXAMPLE' });
    expect((await takeDown('demo', 'demo-3')).body).toMatchObject({ distributionId: 'EDFDVBD6EXAMPLE' });
  });

  it('leaves a channel empty where nothing else is left', async () => {
    await takeDown('demo', 'demo-1');
    await takeDown('demo', 'demo-2');
    expect((await takeDown('demo', 'demo-3')).body.channels).toEqual([{ channel: 'demo', latest: null }]);
    expect(recordOf('demo')).toMatchObject({ latest: null, previous: ['demo-1', 'demo-2', 'demo-3'] });
  });

  it('holds in every channel that has the release, in removed ones too', async () => {
    for (const channel of ['stable', 'gone']) {
      await rig.add(channel);
      await rig.promote('demo', channel, { release: 'demo-1' });
      await rig.promote('demo', channel, { release: 'demo-3' });
    }
    await rig.call('DELETE /publish/catalog/{channel}', { channel: 'gone', body: { operation: newOperation() } });
    const { body } = await takeDown('demo', 'demo-3');
    expect(body.channels).toEqual([
      { channel: 'demo', latest: 'demo-2' },
      { channel: 'stable', latest: 'demo-1' },
      { channel: 'gone', latest: 'demo-1' },
    ]);
    for (const channel of ['stable', 'gone'])
      expect(recordOf(channel).retired['demo-3']).toMatchObject({ takedown: true });
    expect((await takeDown('gone', 'demo-1')).status).toBe(200);
  });

  it('is made of what is pinned or retired, and can be undone by nothing', async () => {
    const pin = { operation: newOperation(), release: 'demo-1', reason: 'needed' };
    await rig.call('POST /publish/pins/{channel}', { channel: 'demo', body: pin });
    await takeDown('demo', 'demo-1');
    const undo = { operation: newOperation(), releases: ['demo-1'] };
    const answer = await rig.call('POST /publish/retirements/{channel}', { channel: 'demo', body: undo });
    expect(answer).toMatchObject({ status: 409, body: { code: 'too-late' } });
    expect((await rig.publish({ release: 'demo-1' })).body.code).toBe('retired');
  });

  it('is made of a release that no record names, if its object is of the channel', async () => {
    rig.bucket.put('old-1.tar.xz', 'x', { channel: 'demo' });
    rig.bucket.put('old-2.tar.xz', 'x', { channel: 'other' });
    expect((await takeDown('demo', 'old-1')).body.object.key).toBe('old-1.tar.xz');
    expect(recordOf('demo').retired).toHaveProperty('old-1');
    expect((await takeDown('demo', 'old-2')).status).toBe(404);
    expect((await takeDown('nobody', 'old-2')).status).toBe(404);
  });

  it('changes nothing in a dry run, and nothing new when it is repeated', async () => {
    await rig.add('stable');
    await rig.promote('demo', 'stable');
    const operation = newOperation();
    const rehearsal = await takeDown('demo', 'demo-3', { operation, dryRun: true });
    expect(rehearsal.body.channels).toEqual([
      { channel: 'demo', latest: 'demo-2' },
      { channel: 'stable', latest: null },
    ]);
    expect(recordOf('demo').latest).toBe('demo-3');
    await takeDown('demo', 'demo-3', { operation });
    const { serial } = recordOf('demo');
    expect((await takeDown('demo', 'demo-3', { operation })).body.fresh).toBe(true);
    expect((await takeDown('demo', 'demo-3')).body.fresh).toBe(false);
    expect(recordOf('demo').serial).toBe(serial);
  });

  it('names a release to use instead, if the channel has it', async () => {
    expect((await takeDown('demo', 'demo-3', { instead: 'demo-9' })).status).toBe(404);
    await takeDown('demo', 'demo-3', { instead: 'demo-1' });
    expect(recordOf('demo').retired['demo-3'].instead).toBe('demo-1');
  });
});

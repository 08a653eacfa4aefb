import { describe, expect, it } from '@jest/globals';
import { away } from '../../support/memory-bucket.ts';
import { type PublishRig, publishRig } from '../../support/publish-rig.ts';

const day = 86_400_000;

/** A channel with a limit of three days and a release, and the same with other keys. */
async function rig(): Promise<PublishRig> {
  const made = publishRig();
  await made.add('demo');
  await made.publish({ release: 'demo-1' });
  made.counted.length = 0;
  made.lines.length = 0;
  return made;
}

/** Without what it counts of storage. */
const counted = (made: PublishRig) =>
  made.counted.filter(([name]) => !name.endsWith('Bytes') && name !== 'LateRemovals');

const withKeys = ({ bucket }: PublishRig, channel: string, keys: object): void =>
  bucket.putJson(`${channel}.json`, { ...bucket.json(`${channel}.json`), ...keys });

describe('the schedule', () => {
  it('counts the channels, those over their own limit, and the oldest age', async () => {
    const made = await rig();
    withKeys(made, 'demo', { max_age: 259_200 });
    made.clock.advance(3 * day);
    await made.measure();
    made.clock.advance(1_000);
    await made.measure();

    expect(counted(made)).toEqual([
      ['Channels', 1],
      ['OverdueChannels', 0],
      ['OldestAge', 259_200],
      ['Channels', 1],
      ['OverdueChannels', 1],
      ['OldestAge', 259_201],
    ]);
    expect(made.lines).toEqual([
      {
        level: 'warn',
        message: 'overdue',
        channel: 'demo',
        release: 'demo-1',
        ageSeconds: 259_201,
        limitSeconds: 259_200,
      },
    ]);
  });

  it('does not count channels as overdue that have no limit, no release, or were removed', async () => {
    const made = await rig();
    await made.add('empty');
    await made.add('ended');
    withKeys(made, 'empty', { max_age: 3_600 });
    withKeys(made, 'ended', { max_age: 3_600, removed: { at: '2026-01-01' } });
    made.clock.advance(30 * day);
    made.counted.length = 0;
    made.lines.length = 0;
    await made.measure();

    expect(counted(made)).toEqual([
      ['Channels', 3],
      ['OverdueChannels', 0],
      ['OldestAge', 30 * 86_400],
    ]);
    expect(made.lines).toEqual([]);
  });

  it('measures from the last move of the latest release, which is neither a yank of another nor a repeat', async () => {
    const made = await rig();
    made.clock.advance(day);
    await made.publish({ release: 'demo-2' });
    made.clock.advance(day);
    await made.call('POST /publish/channels/{channel}/yank', {
      channel: 'demo',
      body: { operation: 'yank-operation', release: 'demo-1', reason: 'broken' },
    });
    made.counted.length = 0;
    await made.measure();

    expect(made.counted).toContainEqual(['OldestAge', 86_400]);
  });

  it('measures from the time of the object where another tool published it', async () => {
    const made = await rig();
    made.bucket.put('demo-2.tar.xz', 'by hand');
    withKeys(made, 'demo', { latest: 'demo-2' });
    made.clock.advance(2_000);
    await made.measure();

    expect(made.counted).toContainEqual(['OldestAge', 2]);
  });

  it('logs a damaged record, and measures the others', async () => {
    const made = await rig();
    await made.add('broken');
    made.bucket.put('broken.json', '{');
    made.lines.length = 0;
    await made.measure();

    expect(made.counted).toContainEqual(['OverdueChannels', 0]);
    expect(made.lines).toEqual([expect.objectContaining({ message: 'unreadable', key: 'broken.json' })]);
  });

  it('logs at most fifty overdue channels by name', async () => {
    const made = publishRig();
    const channels = Array.from({ length: 60 }, (_, place) => `c${place}`);
    made.bucket.putJson('channels.json', { channels });
    for (const channel of channels) made.bucket.putJson(`${channel}.json`, { latest: `${channel}-1`, max_age: 3_600 });
    for (const channel of channels) made.bucket.put(`${channel}-1.tar.xz`, 'x');
    made.clock.advance(day);
    await made.measure();

    expect(made.lines).toHaveLength(51);
    expect(made.lines.at(-1)).toMatchObject({ message: 'overdue', more: 10 });
    expect(made.counted).toContainEqual(['OverdueChannels', 60]);
  });

  it('fails and counts the failure while the bucket is unavailable', async () => {
    const made = await rig();
    made.bucket.fault = () => {
      throw away();
    };

    await expect(made.measure()).rejects.toThrow('The storage is away');
    expect(made.counted).toEqual([['S3Errors', 1]]);
  });
});

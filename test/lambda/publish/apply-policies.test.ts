import { beforeEach, describe, expect, it } from '@jest/globals';
import { newOperation, type PublishAnswer, type PublishRig, publisher, publishRig } from '../../support/publish-rig.ts';

const day = 86_400_000;

let rig: PublishRig;
const set = (settings: object, channel = 'demo'): Promise<PublishAnswer> =>
  rig.call('PATCH /publish/catalog/{channel}', { channel, body: { operation: newOperation(), ...settings } });
// biome-ignore lint/suspicious/noExplicitAny: records are looked into by name
const recordOf = (channel: string): any => rig.bucket.json(`${channel}.json`);
const retiredOf = (channel: string): readonly string[] => Object.keys(recordOf(channel).retired ?? {}).sort();
const write = (channel: string, keys: object): void =>
  rig.bucket.putJson(`${channel}.json`, { ...recordOf(channel), ...keys });
const linesOf = (message: string) => rig.lines.filter((line) => line.message === message);
/** The schedule looks at policies once an hour. */
const nextHour = async (): Promise<void> => {
  rig.clock.advance(3_600_000);
  await rig.measure();
};
const counted = (name: string) => rig.counted.filter(([metric]) => metric === name).map(([, value]) => value);

/** Five releases, ten days apart; the newest is ten days old. */
async function fiveReleases(channel: string): Promise<void> {
  await rig.add(channel);
  for (const number of [1, 2, 3, 4, 5]) {
    await rig.publish({ channel, release: `${channel}-${number}` });
    rig.clock.advance(10 * day);
  }
}

beforeEach(async () => {
  rig = publishRig(undefined, undefined, undefined, undefined, { retiredDays: 7 });
  await fiveReleases('demo');
  rig.lines.length = 0;
});

describe('the policy of a channel', () => {
  it('is none by default: nothing is ever retired', async () => {
    rig.clock.advance(5_000 * day);
    await rig.measure();
    expect(recordOf('demo')).not.toHaveProperty('retired');
  });

  it('retires what is neither among the newest nor young, with a grace time, and says so', async () => {
    await set({ retain: { keep: 2, days: 35 } });
    const { history } = recordOf('demo');
    expect(history.at(-1)).toMatchObject({ action: 'set', retain: { keep: 2, days: 35 }, by: publisher });
    await rig.measure();

    expect(retiredOf('demo')).toEqual(['demo-1', 'demo-2']);
    const at = new Date(rig.clock.now()).toISOString();
    const until = new Date(rig.clock.now() + 7 * day).toISOString();
    const reason = 'The policy of this channel keeps its newest 2 releases, and those of the last 35 days.';
    expect(recordOf('demo').retired['demo-1']).toEqual({ reason, at, by: 'schedule', until });
    expect(recordOf('demo').history.at(-1)).toMatchObject({ action: 'retire', count: 2, reason, by: 'schedule' });
    expect(linesOf('retire')).toMatchObject([
      { level: 'info', channel: 'demo', release: 'demo-1', until, shared: false, by: 'schedule' },
      { level: 'info', channel: 'demo', release: 'demo-2', until, shared: false, by: 'schedule' },
    ]);
    expect(rig.bucket.retired).toEqual(new Set());

    rig.clock.advance(7 * day);
    await rig.measure();
    expect(rig.bucket.retired).toEqual(new Set(['demo-1.tar.xz', 'demo-2.tar.xz']));
  });

  it.each([
    ['the newest ones stay, however old', { keep: 4, days: 1 }, ['demo-1']],
    ['young ones stay, however many', { keep: 1, days: 35 }, ['demo-1', 'demo-2']],
    ['the latest stays', { keep: 1, days: 1 }, ['demo-1', 'demo-2', 'demo-3', 'demo-4']],
    ['a policy that keeps more than there is changes nothing', { keep: 5, days: 1 }, []],
  ])('%s', async (_, retain, expected) => {
    await set({ retain });
    await rig.measure();
    expect(retiredOf('demo')).toEqual(expected);
  });

  it('spares pinned releases', async () => {
    await rig.call('POST /publish/pins/{channel}', {
      channel: 'demo',
      body: { operation: newOperation(), release: 'demo-2', reason: 'production' },
    });
    await set({ retain: { keep: 1, days: 1 } });
    await rig.measure();
    expect(retiredOf('demo')).toEqual(['demo-1', 'demo-3', 'demo-4']);
  });

  it('takes the time of the object where the history does not reach', async () => {
    write('demo', { history: [] });
    for (const [key, object] of rig.bucket.objects)
      if (/demo-[12]/.test(key)) rig.bucket.objects.set(key, { ...object, changedAt: rig.clock.now() - 100 * day });
      else rig.bucket.objects.set(key, { ...object, changedAt: rig.clock.now() });
    await set({ retain: { keep: 1, days: 35 } });
    await rig.measure();
    expect(retiredOf('demo')).toEqual(['demo-1', 'demo-2']);
  });

  it('spares a release of unknown age', async () => {
    write('demo', { history: [] });
    rig.bucket.objects.delete('demo-1.tar.xz');
    rig.clock.advance(1_000 * day);
    await set({ retain: { keep: 3, days: 1 } });
    await rig.measure();
    expect(retiredOf('demo')).toEqual(['demo-2']);
  });

  it('gives up what another channel has as well, which stays available there', async () => {
    await rig.add('stable');
    await rig.promote('demo', 'stable', { release: 'demo-1', force: true });
    await set({ retain: { keep: 3, days: 1 } });
    await rig.measure();
    expect(recordOf('demo').retired['demo-1']).toHaveProperty('shared', true);
    expect(recordOf('demo').retired['demo-2']).not.toHaveProperty('shared');
    rig.clock.advance(30 * day);
    await rig.measure();
    expect(rig.bucket.retired).toEqual(new Set(['demo-2.tar.xz']));
  });

  it('frees what two channels with policies have', async () => {
    await rig.add('stable');
    for (const release of ['demo-1', 'demo-5']) await rig.promote('demo', 'stable', { release, force: true });
    for (const channel of ['demo', 'stable']) await set({ retain: { keep: 1, days: 1 } }, channel);
    rig.clock.advance(2 * day);
    await rig.measure();
    await nextHour();
    rig.clock.advance(30 * day);
    await rig.measure();
    expect(recordOf('demo').retired['demo-1']).toHaveProperty('shared', true);
    expect(recordOf('stable').retired['demo-1']).not.toHaveProperty('shared');
    expect(rig.bucket.retired).toContain('demo-1.tar.xz');
    expect(rig.bucket.retired).not.toContain('demo-5.tar.xz');
  });

  it('ends when it is removed; what is retired stays retired', async () => {
    await set({ retain: { keep: 4, days: 1 } });
    await rig.measure();
    expect((await set({ retain: null })).body).toMatchObject({ retain: null, fresh: true });
    expect(recordOf('demo')).not.toHaveProperty('retain');
    rig.clock.advance(100 * day);
    await rig.measure();
    expect(retiredOf('demo')).toEqual(['demo-1']);
  });

  it('does not apply to a removed channel', async () => {
    await set({ retain: { keep: 1, days: 1 } });
    await rig.call('DELETE /publish/catalog/{channel}', { channel: 'demo', body: { operation: newOperation() } });
    await rig.measure();
    expect(retiredOf('demo')).toEqual([]);
  });
});

describe('the schedule', () => {
  it('retires at most fifty releases in a run, the oldest of all channels first', async () => {
    for (const [channel, age] of [
      ['old', 400],
      ['older', 800],
    ] as const) {
      await rig.add(channel);
      const previous = Array.from({ length: 40 }, (_, number) => `${channel}-${String(number).padStart(2, '0')}`);
      for (const release of previous) rig.bucket.put(`${release}.tar.xz`, 'x');
      for (const [number, release] of previous.entries()) {
        const object = rig.bucket.objects.get(`${release}.tar.xz`);
        if (object !== undefined)
          rig.bucket.objects.set(`${release}.tar.xz`, { ...object, changedAt: rig.clock.now() - (age - number) * day });
      }
      write(channel, { previous, retain: { keep: 1, days: 30 } });
    }
    await rig.measure();
    expect([retiredOf('older').length, retiredOf('old').length]).toEqual([39, 11]);
    expect(retiredOf('old').at(-1)).toBe('old-10');
    await nextHour();
    expect([retiredOf('older').length, retiredOf('old').length]).toEqual([39, 39]);
  });

  it('looks at policies once an hour', async () => {
    await rig.measure();
    await set({ retain: { keep: 1, days: 1 } });
    for (let run = 1; run < 11; run += 1) {
      rig.clock.advance(300_000);
      await rig.measure();
      expect(retiredOf('demo')).toEqual([]);
    }
    rig.clock.advance(300_000);
    await rig.measure();
    expect(retiredOf('demo')).toHaveLength(4);
  });

  it.each([
    ['a record is damaged', () => rig.bucket.put('other.json', '{'), 'not retired'],
    [
      'the clock of the function is wrong',
      () => {
        rig.bucket.clockAhead = -40 * day;
      },
      'clock',
    ],
  ])('retires nothing while %s', async (_, damage, message) => {
    await rig.add('other');
    await set({ retain: { keep: 1, days: 1 } });
    damage();
    await rig.measure();
    expect(retiredOf('demo')).toEqual([]);
    expect(linesOf(message)).toHaveLength(1);
  });

  it('takes back what another channel began to need at the same time', async () => {
    await rig.add('stable');
    await set({ retain: { keep: 4, days: 1 } });
    rig.bucket.fault = (call, moment) => {
      if (call === 'put demo.json' && moment === 'before') {
        rig.bucket.fault = () => {};
        write('stable', { latest: 'demo-1', previous: [] });
      }
    };
    await rig.measure();
    expect(retiredOf('demo')).toEqual([]);
    expect(recordOf('demo').history.slice(-2)).toMatchObject([{ action: 'retire' }, { action: 'unretire' }]);
  });

  it('retires what the policy chooses at the moment of the write', async () => {
    await set({ retain: { keep: 1, days: 1 } });
    rig.bucket.fault = (call, moment) => {
      if (call === 'time' && moment === 'before') {
        rig.bucket.fault = () => {};
        write('demo', { retain: { keep: 4, days: 1 } });
      }
    };
    await rig.measure();
    expect(retiredOf('demo')).toEqual(['demo-1']);
  });
});

describe('the bytes that the schedule counts', () => {
  const tracked = { trackedChannels: ['demo', 'empty'], retiredDays: 7 };

  it('are those of each channel with a metric of its own, and of all others, retired ones, and what policies choose', async () => {
    const lines: Record<string, unknown>[] = [];
    rig = publishRig(undefined, undefined, undefined, undefined, {
      ...tracked,
      meter: (values, fields) => lines.push({ ...values, ...fields }),
    });
    await fiveReleases('demo');
    await fiveReleases('other');
    rig.bucket.put('unknown-1.tar.xz', 'twelve bytes');
    await set({ retain: { keep: 2, days: 1 } });
    await rig.call('POST /publish/retirements/{channel}', {
      channel: 'other',
      body: { operation: newOperation(), releases: ['other-1'], reason: 'old' },
    });
    // What another channel has is neither retired nor freed.
    await rig.add('stable');
    write('stable', { previous: ['demo-1', 'other-2'] });
    await rig.call('POST /publish/retirements/{channel}', {
      channel: 'other',
      body: { operation: newOperation(), releases: ['other-2'], reason: 'old', shared: true },
    });
    lines.length = 0;
    await rig.measure();

    expect(lines.filter(({ ChannelBytes }) => ChannelBytes !== undefined)).toEqual([
      { ChannelBytes: 5 * 'demo-1'.length, trackedChannel: 'demo' },
      { ChannelBytes: 0, trackedChannel: 'empty' },
      { ChannelBytes: 5 * 'other-1'.length + 12, trackedChannel: 'other' },
    ]);
    expect(lines.filter(({ RetiredBytes }) => RetiredBytes !== undefined)).toEqual([
      { RetiredBytes: 'other-1'.length, PolicyBytes: 2 * 'demo-1'.length },
    ]);
  });

  it('count a promoted release once, for the channel that its name begins with', async () => {
    const lines: Record<string, unknown>[] = [];
    const meter = (values: object, fields = {}): number => lines.push({ ...values, ...fields });
    rig = publishRig(undefined, undefined, undefined, undefined, { trackedChannels: ['a', 'demo'], meter });
    await rig.add('a');
    await fiveReleases('demo');
    await rig.promote('demo', 'a');
    lines.length = 0;
    await rig.measure();
    expect(lines.filter(({ ChannelBytes }) => ChannelBytes !== undefined)).toMatchObject([
      { ChannelBytes: 0, trackedChannel: 'a' },
      { ChannelBytes: 30, trackedChannel: 'demo' },
      { ChannelBytes: 0, trackedChannel: 'other' },
    ]);
  });

  it('are counted once an hour, page by page', async () => {
    for (let number = 0; number < 2_500; number += 1) rig.bucket.put(`more-${number}.tar.xz`, 'xx');
    rig.counted.length = 0;
    await rig.measure();
    rig.clock.advance(300_000);
    await rig.measure();
    expect(counted('ChannelBytes')).toEqual([5_000 + 30]);
    expect(rig.bucket.calls.filter((call) => call.startsWith('list '))).toHaveLength(3);
    await nextHour();
    expect(counted('ChannelBytes')).toEqual([5_030, 5_030]);
  });

  it('are not counted, and no policy is carried out, where the bucket is too large to list in a run', async () => {
    await set({ retain: { keep: 1, days: 1 } });
    for (let number = 0; number < 1_500; number += 1) rig.bucket.put(`more-${number}.tar.xz`, 'xx');
    rig.bucket.fault = (call, moment) => {
      if (call.startsWith('list ') && moment === 'after') rig.clock.advance(15_000);
    };
    rig.counted.length = 0;
    await rig.measure();
    expect(counted('ChannelBytes')).toEqual([]);
    expect(linesOf('not listed')).toMatchObject([{ level: 'warn', listed: 997 }]);
    expect(retiredOf('demo')).toEqual([]);
  });
});

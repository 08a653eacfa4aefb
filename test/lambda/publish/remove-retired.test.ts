import { beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { measureBytes } from '../../../lambda/publish/measure-bytes.ts';
import type { PublishOptions } from '../../../lambda/publish/observe-publish.ts';
import { removeRetired, takeBackConflicting } from '../../../lambda/publish/remove-retired.ts';
import { type ChannelRecord, parseRecord } from '../../../lib/domain/record.ts';
import { holdersOf } from '../../../lib/domain/retirement.ts';
import { away } from '../../support/memory-bucket.ts';
import { newOperation, type PublishAnswer, type PublishRig, publisher, publishRig } from '../../support/publish-rig.ts';

const minute = 60_000;
const day = 86_400_000;

let rig: PublishRig;
const ask = (route: string, channel: string, body: object): Promise<PublishAnswer> =>
  rig.call(route, { channel, body: { operation: newOperation(), ...body } });
const retire = (releases: readonly string[], more: object = {}, channel = 'demo') =>
  ask('POST /publish/retirements/{channel}', channel, { releases, reason: 'old', ...more });
const undo = (releases: readonly string[]) => ask('POST /publish/retirements/{channel}', 'demo', { releases });
// biome-ignore lint/suspicious/noExplicitAny: records are looked into by name
const recordOf = (channel: string): any => rig.bucket.json(`${channel}.json`);
const markOf = (release: string, channel = 'demo') => recordOf(channel).retired?.[release];
/** A record as another tool would change it. */
const write = (channel: string, keys: object): void =>
  rig.bucket.putJson(`${channel}.json`, { ...recordOf(channel), ...keys });
const linesOf = (message: string) => rig.lines.filter((line) => line.message === message);
const countedOf = (name: string) => rig.counted.filter(([metric]) => metric === name).map(([, value]) => value);

beforeEach(async () => {
  rig = publishRig(undefined, undefined, undefined, undefined, { retiredDays: 2 });
  for (const channel of ['demo', 'stable']) await rig.add(channel);
  for (const release of ['demo-1', 'demo-2', 'demo-3']) await rig.publish({ release });
  rig.lines.length = 0;
});

describe('a retired release', () => {
  it('is handed to the lifecycle of the bucket when its grace time is over, not before', async () => {
    await retire(['demo-1']);
    const { at, until } = markOf('demo-1');
    rig.clock.advance(2 * day - 1);
    await rig.measure();
    expect(rig.bucket.retired).toEqual(new Set());
    expect(markOf('demo-1')).not.toHaveProperty('removed');

    rig.clock.advance(1);
    const { serial } = recordOf('demo');
    await rig.measure();
    expect(rig.bucket.retired).toEqual(new Set(['demo-1.tar.xz']));
    expect(markOf('demo-1')).toEqual({
      reason: 'old',
      at,
      by: publisher,
      until,
      removed: new Date(rig.clock.now()).toISOString(),
    });
    expect(recordOf('demo').serial).toBeGreaterThan(serial);
    expect(recordOf('demo').previous).toEqual(['demo-1', 'demo-2']);
    expect(linesOf('expire')).toEqual([
      {
        level: 'info',
        message: 'expire',
        channel: 'demo',
        release: 'demo-1',
        key: 'demo-1.tar.xz',
        object: 'tagged',
        reason: 'old',
        retiredAt: at,
        by: publisher,
      },
    ]);
  });

  it('is handed over once', async () => {
    await retire(['demo-1']);
    rig.clock.advance(2 * day);
    await rig.measure();
    rig.bucket.calls.length = 0;
    await rig.measure();
    expect(rig.bucket.calls.filter((call) => /^(?:tag|put|time)/.test(call))).toEqual([]);
  });

  it('can be taken back within the grace time, and then stays', async () => {
    await retire(['demo-1']);
    rig.clock.advance(2 * day - minute);
    expect((await undo(['demo-1'])).status).toBe(200);
    rig.clock.advance(day);
    await rig.measure();
    expect(rig.bucket.retired).toEqual(new Set());
    expect(recordOf('demo').retired).toBeUndefined();
  });

  it('of a removed channel goes as well', async () => {
    await retire(['demo-1']);
    await rig.call('DELETE /publish/catalog/{channel}', { channel: 'demo', body: { operation: newOperation() } });
    rig.clock.advance(2 * day);
    await rig.measure();
    expect(rig.bucket.retired).toEqual(new Set(['demo-1.tar.xz']));
  });

  it('whose object is gone already counts as removed', async () => {
    await retire(['demo-1']);
    rig.bucket.objects.delete('demo-1.tar.xz');
    rig.clock.advance(2 * day);
    await rig.measure();
    expect(markOf('demo-1')).toHaveProperty('removed');
    expect(markOf('demo-1')).not.toHaveProperty('untagged');
    expect(linesOf('expire')).toMatchObject([{ release: 'demo-1', object: 'absent' }]);
  });

  it('with a damaged mark stays', async () => {
    write('demo', { retired: { 'demo-1': 'yes', 'demo-2': { until: '2020-01-01T00:00:00.000Z' } } });
    rig.clock.advance(2 * day);
    await rig.measure();
    expect(rig.bucket.retired).toEqual(new Set());
  });
});

describe('a retired release that is needed', () => {
  it.each([
    ['the latest of its channel', () => write('demo', { latest: 'demo-1' })],
    ['the latest of another channel', () => write('stable', { latest: 'demo-1' })],
    ['an earlier release of another channel', () => write('stable', { previous: ['demo-1'] })],
    ['one of a removed channel', () => write('stable', { previous: ['demo-1'], removed: { at: '2026-01-01' } })],
  ])('as %s is taken back at once, and stays', async (_, need) => {
    await retire(['demo-1', 'demo-2']);
    need();
    await rig.measure();
    expect(Object.keys(recordOf('demo').retired)).toEqual(['demo-2']);
    expect(linesOf('unretire')).toMatchObject([{ channel: 'demo', release: 'demo-1', by: 'schedule' }]);
    expect(recordOf('demo').history.at(-1)).toMatchObject({ action: 'unretire', release: 'demo-1', by: 'schedule' });

    rig.clock.advance(2 * day);
    await rig.measure();
    expect(rig.bucket.retired).toEqual(new Set(['demo-2.tar.xz']));
  });

  it('is taken back even if its grace time is over, before anything is handed over', async () => {
    await retire(['demo-1']);
    write('stable', { latest: 'demo-1' });
    rig.clock.advance(9 * day);
    await rig.measure();
    expect(rig.bucket.retired).toEqual(new Set());
    expect(recordOf('demo').retired).toBeUndefined();
  });

  it('stays while another channel could still take its own retirement back', async () => {
    write('stable', { previous: ['demo-1'] });
    await retire(['demo-1'], { shared: true });
    rig.clock.advance(day);
    await retire(['demo-1'], {}, 'stable');
    write('demo', { retired: { 'demo-1': { ...markOf('demo-1'), shared: undefined } } });
    rig.clock.advance(day);
    await rig.measure();
    expect(rig.bucket.retired).toEqual(new Set());
    rig.clock.advance(day + 16 * minute);
    await rig.measure();
    expect(rig.bucket.retired).toEqual(new Set(['demo-1.tar.xz']));
  });

  it('stays when another channel takes it back by a clock that is ten minutes slow', async () => {
    write('stable', { previous: ['demo-1'] });
    await retire(['demo-1'], { shared: true });
    await retire(['demo-1'], {}, 'stable');
    rig.clock.advance(2 * day + 5 * minute);
    await rig.measure();
    const { clock } = publishRig();
    clock.advance(rig.clock.now() - clock.now() - 10 * minute);
    const slow = publishRig(rig.bucket, clock);
    const body = { operation: newOperation(), releases: ['demo-1'] };
    expect((await slow.call('POST /publish/retirements/{channel}', { channel: 'demo', body })).status).toBe(200);
    rig.clock.advance(9 * day);
    await rig.measure();
    expect(rig.bucket.retired).toEqual(new Set());
    expect(markOf('demo-1', 'stable')).toBeUndefined();
  });

  it('of one channel only stays, because another has it', async () => {
    write('stable', { previous: ['demo-1'] });
    await retire(['demo-1'], { shared: true });
    rig.clock.advance(9 * day);
    await rig.measure();
    expect(rig.bucket.retired).toEqual(new Set());
  });
});

describe('the name of a release whose object is gone', () => {
  const publishAs = (channel: string, bytes: string) => rig.publish({ channel, release: 'demo-next-1', bytes });

  it('is not free for a channel that was added later and whose name it begins with', async () => {
    for (const release of ['demo-next-1', 'demo-next-2']) await rig.publish({ release });
    await retire(['demo-next-1']);
    rig.clock.advance(2 * day);
    await rig.measure();
    rig.bucket.objects.delete('demo-next-1.tar.xz');
    await rig.add('demo-next');
    const { status, body } = await publishAs('demo-next', 'other bytes');
    expect([status, body.code]).toEqual([409, 'other-channel']);
  });

  it('is not free after a takedown of what no record named either', async () => {
    rig.bucket.put('demo-next-1.tar.xz', 'bytes', { channel: 'demo' });
    await ask('POST /publish/takedowns/{channel}', 'demo', { release: 'demo-next-1', reason: 'law' });
    rig.bucket.objects.delete('demo-next-1.tar.xz');
    await rig.add('demo-next');
    expect((await publishAs('demo-next', 'other bytes')).body.code).toBe('other-channel');
  });

  it('costs nothing to look for where no other channel can have it', async () => {
    rig.bucket.calls.length = 0;
    await rig.publish({ release: 'demo-4' });
    expect(rig.bucket.calls).not.toContain('get stable.json');
  });
});

it('hands over what all channels gave up, each because others had it', async () => {
  write('stable', { previous: ['demo-1'] });
  await retire(['demo-1'], { shared: true });
  await retire(['demo-1'], { shared: true }, 'stable');
  rig.clock.advance(2 * day - 1);
  await rig.measure();
  expect(rig.bucket.retired).toEqual(new Set());
  // Each of both could still be taken back by a clock that is slow.
  rig.clock.advance(16 * minute);
  await rig.measure();
  expect(rig.bucket.retired).toEqual(new Set());
  rig.clock.advance(1);
  await rig.measure();
  expect(rig.bucket.retired).toEqual(new Set(['demo-1.tar.xz']));
});

describe('nothing is handed over', () => {
  const due = async (): Promise<void> => {
    await retire(['demo-1']);
    rig.clock.advance(2 * day);
  };
  const nothing = (): void => {
    expect(rig.bucket.retired).toEqual(new Set());
    expect(markOf('demo-1')).not.toHaveProperty('removed');
  };

  it.each([
    ['a record is damaged', () => rig.bucket.put('stable.json', '{')],
    ['a record is missing', () => rig.bucket.objects.delete('stable.json')],
    ['a record has no name that can be read', () => write('stable', { latest: '../x' })],
  ])('while %s, because nobody knows what it names', async (_, damage) => {
    await due();
    damage();
    await rig.measure();
    nothing();
    expect(linesOf('not removed')).toMatchObject([{ level: 'error', keys: ['stable.json'] }]);
  });

  it('while the clock of the function is ahead of the clock of the store, or the store has none', async () => {
    await retire(['demo-1']);
    rig.clock.advance(60 * day);
    for (const ahead of [-60 * day, -16 * minute, 16 * minute, undefined]) {
      rig.bucket.clockAhead = ahead;
      await rig.measure();
      nothing();
    }
    expect(linesOf('clock')).toHaveLength(4);
    rig.bucket.clockAhead = minute;
    await rig.measure();
    expect(markOf('demo-1')).toHaveProperty('removed');
  });

  it('by the clock that is ahead, if both are nearly the same', async () => {
    await due();
    rig.bucket.clockAhead = -minute;
    await rig.measure();
    nothing();
    rig.clock.advance(minute);
    await rig.measure();
    expect(markOf('demo-1')).toHaveProperty('removed');
  });

  it('within a minute after the retirement, while requests that began before may still name the release', async () => {
    const at = new Date(rig.clock.now()).toISOString();
    write('demo', { retired: { 'demo-1': { reason: 'old', at, by: 'tool', until: at } } });
    rig.clock.advance(minute - 1);
    await rig.measure();
    nothing();
    rig.clock.advance(1);
    await rig.measure();
    expect(markOf('demo-1')).toHaveProperty('removed');
  });

  it('after a run took fifteen seconds; the next run goes on', async () => {
    await rig.publish({ release: 'stable-1', channel: 'stable' });
    await rig.publish({ release: 'stable-2', channel: 'stable' });
    await retire(['stable-1'], {}, 'stable');
    await due();
    rig.bucket.fault = (call, moment) => {
      if (call.startsWith('tag') && moment === 'after') rig.clock.advance(15_000);
    };
    await rig.measure();
    expect(rig.bucket.retired.size).toBe(1);
    await rig.measure();
    expect(rig.bucket.retired.size).toBe(2);
  });
});

it('reads the releases of a channel as often with many other channels as with few', async () => {
  const readsWith = async (count: number): Promise<number> => {
    let reads = 0;
    const recordOfMany = (channel: string): ChannelRecord => ({
      ...parseRecord(
        JSON.stringify({
          latest: `${channel}-2`,
          retired: { [`${channel}-1`]: { reason: 'old', at: '2026-01-01T00:00:00Z', until: '2026-09-01T00:00:00Z' } },
          retain: { keep: 1, days: 1 },
        }),
      ),
      get previous() {
        reads += 1;
        return [`${channel}-1`];
      },
    });
    const channels = Array.from({ length: count }, (_, index) => `c${index}`);
    const records = new Map(channels.map((channel) => [channel, recordOfMany(channel)]));
    const all = { channels, records, unread: [] };
    const run = { operation: 'run', hasTime: () => true };
    const { bucket, clock } = rig;
    const options = {
      bucket: bucket.writer,
      now: clock.now,
      log: () => {},
      meter: () => {},
    } as unknown as PublishOptions;
    await takeBackConflicting(options, all, run);
    await removeRetired(options, all, run);
    measureBytes(options, all, new Map());
    return reads / count;
  };
  expect(await readsWith(40)).toBe(await readsWith(2));
});

it('hands over at most two hundred releases in a run, of all channels together', async () => {
  const mark = { reason: 'old', at: '2025-01-01T00:00:00.000Z', by: 'x', until: '2025-02-01T00:00:00.000Z' };
  for (const [channel, length] of [
    ['demo', 250],
    ['stable', 100],
  ] as const) {
    const previous = Array.from({ length }, (_, number) => `${channel}-old-${number}`);
    for (const release of previous) rig.bucket.put(`${release}.tar.xz`, 'x');
    write(channel, { previous, retired: Object.fromEntries(previous.map((release) => [release, mark])) });
  }
  for (const expected of [200, 350]) {
    await rig.measure();
    expect(rig.bucket.retired.size).toBe(expected);
  }
});

describe('a store that refuses tags', () => {
  beforeEach(async () => {
    await retire(['demo-1', 'demo-2']);
    rig.clock.advance(2 * day);
    rig.bucket.refusesTags = 'NotImplemented';
    await rig.measure();
  });

  it('is not asked for those of other channels either', async () => {
    for (const release of ['stable-1', 'stable-2']) await rig.publish({ release, channel: 'stable' });
    await retire(['stable-1'], {}, 'stable');
    rig.clock.advance(2 * day);
    rig.bucket.calls.length = 0;
    await rig.measure();
    expect(rig.bucket.calls.filter((call) => call.startsWith('tag'))).toEqual([
      'tag demo-1.tar.xz',
      'tag demo-2.tar.xz',
    ]);
  });

  it('says so in the log, with what it answered', () => {
    expect(linesOf('not removed').at(-1)).toMatchObject({ level: 'error', error: 'NotImplemented', channel: 'demo' });
    expect(linesOf('expire')).toEqual([]);
  });

  it('gets the tags later, when it takes them', async () => {
    rig.bucket.refusesTags = undefined;
    await rig.measure();
    expect(rig.bucket.retired).toEqual(new Set(['demo-1.tar.xz', 'demo-2.tar.xz']));
    expect(Object.values(recordOf('demo').retired)).not.toContainEqual(expect.objectContaining({ untagged: true }));
  });

  it('is counted as late after an hour', async () => {
    rig.counted.length = 0;
    rig.clock.advance(3_600_000 - 1);
    await rig.measure();
    rig.clock.advance(1);
    await rig.measure();
    expect(countedOf('LateRemovals')).toEqual([0, 2]);
  });
});

it('counts what is due for an hour as late', async () => {
  await rig.measure();
  await retire(['demo-1', 'demo-2']);
  await rig.measure();
  rig.clock.advance(2 * day + 3_600_000);
  rig.bucket.clockAhead = undefined;
  await rig.measure();
  expect(countedOf('LateRemovals')).toEqual([0, 0, 2]);
});

/** A release with the tag is marked in a record, and no channel needs it. */
function assertNothingIsLost(): void {
  const records = ['demo', 'stable'].map(
    (channel) => [channel, parseRecord(rig.bucket.objects.get(`${channel}.json`)?.text ?? '')] as const,
  );
  const needed = holdersOf(records);
  for (const key of rig.bucket.retired) {
    expect(needed.has(key)).toBe(false);
    expect(markOf(key.replace('.tar.xz', ''))).toHaveProperty('removed');
  }
}

describe('a run that ends between any two calls to the bucket', () => {
  it.each(['before', 'after'] as const)(
    '(%s they take effect) loses nothing, and the next run finishes',
    async (when) => {
      let calls = Number.POSITIVE_INFINITY;
      for (let crash = 0; crash < calls; crash += 1) {
        rig = publishRig(undefined, undefined, undefined, undefined, { retiredDays: 2 });
        for (const channel of ['demo', 'stable']) await rig.add(channel);
        for (const release of ['demo-1', 'demo-2', 'demo-3']) await rig.publish({ release });
        await retire(['demo-1', 'demo-2']);
        write('stable', { previous: ['demo-2'] });
        rig.clock.advance(2 * day);
        let count = 0;
        rig.bucket.fault = (_, moment) => {
          if (moment !== when) return;
          count += 1;
          if (count === crash + 1) throw away();
        };
        await rig.measure().catch(() => undefined);
        if (crash === 0) calls = 12;
        rig.bucket.fault = () => {};
        assertNothingIsLost();
        const state = markOf('demo-1');
        if (state?.removed !== undefined) expect((await undo(['demo-1'])).body.code).toBe('too-late');
        await rig.measure();
        await rig.measure();
        assertNothingIsLost();
        expect(rig.bucket.retired).toEqual(new Set(['demo-1.tar.xz']));
        expect(markOf('demo-1')).not.toHaveProperty('untagged');
        calls = Math.max(calls, count);
      }
    },
  );
});

describe('a run at the same time as others', () => {
  const actions: Readonly<Record<string, () => Promise<unknown>>> = {
    'an undo': () => undo(['demo-1']),
    'a promotion': () => rig.promote('demo', 'stable', { release: 'demo-1', force: true }),
    'a retirement': () => retire(['demo-2']),
    'another run': () => rig.measure(),
    'a publication': () => rig.publish({ release: 'demo-4' }),
    'a rollback': () => ask('POST /publish/channels/{channel}/rollback', 'demo', { from: 'demo-3', to: 'demo-2' }),
  };
  const pauses = fc.infiniteStream(
    fc.oneof({ weight: 5, arbitrary: fc.nat(12) }, { weight: 1, arbitrary: fc.nat(300) }),
  );

  it('hands over nothing that a channel needs, in any order, just before the grace time ends and just after', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.subarray(Object.keys(actions), { minLength: 1 }),
        fc.constantFrom(-1, 0, 1),
        pauses,
        async (names, around, stream) => {
          rig = publishRig(undefined, undefined, undefined, undefined, { retiredDays: 2 });
          for (const channel of ['demo', 'stable']) await rig.add(channel);
          for (const release of ['demo-1', 'demo-2', 'demo-3']) await rig.publish({ release });
          await retire(['demo-1']);
          rig.clock.advance(2 * day + around);
          const steps = stream[Symbol.iterator]();
          rig.bucket.delay = async () => {
            for (let left = steps.next().value as number; left > 0; left -= 1) await null;
          };
          await Promise.all([rig.measure(), ...names.map((name) => actions[name]?.())]);
          rig.bucket.delay = async () => {};
          assertNothingIsLost();
          rig.clock.advance(minute);
          await rig.measure();
          assertNothingIsLost();
        },
      ),
      { numRuns: 150 },
    );
  });
});

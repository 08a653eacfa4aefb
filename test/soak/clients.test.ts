import { describe, expect, it } from '@jest/globals';
import type { JournalLine } from './client.ts';
import { outcomeOf } from './clients.ts';
import { type ChannelView, nextPlan, randomFrom } from './plan.ts';

const answered = (status: number, operation?: string): JournalLine => ({
  at: 1,
  status,
  to: 'api',
  ...(operation === undefined ? {} : { operation }),
});
const result = (code: number, out = '') => ({ code, out, err: '' });

describe('the outcome of a run', () => {
  it('is done or nothing, where the service says so', () => {
    expect(outcomeOf(result(0, '{"fresh":true}'), [answered(200, 'a')])).toBe('done');
    expect(outcomeOf(result(0, '{"fresh":false}'), [answered(200, 'a')])).toBe('nothing');
  });

  it('is refused only if no request for the change was left open', () => {
    expect(outcomeOf(result(4), [answered(503), answered(409, 'a')])).toBe('refused');
    for (const status of [0, 503])
      expect(outcomeOf(result(4), [answered(status, 'a'), answered(409, 'a')])).toBe('unknown');
  });

  it('is unknown where another operation of the same run was left open', () => {
    const lines = [answered(0, 'a'), answered(409, 'a'), answered(200, 'b')];
    expect(outcomeOf(result(0, '{"fresh":false}'), lines)).toBe('unknown');
    expect(outcomeOf(result(0, '{"fresh":false}'), [answered(0, 'a'), answered(200, 'a')])).toBe('nothing');
  });

  it('is unknown where the command was killed or gave up', () => {
    expect(outcomeOf('killed', [answered(200, 'a')])).toBe('unknown');
    expect(outcomeOf(result(7), [answered(503, 'a')])).toBe('unknown');
  });
});

describe('the choice of the next command', () => {
  const view = (channel: string, more: Partial<ChannelView> = {}): ChannelView => ({
    channel,
    isAdded: true,
    isRemoved: false,
    latest: `${channel}-2`,
    releases: [`${channel}-1`, `${channel}-2`],
    yanked: [`${channel}-1`],
    ...more,
  });
  const plans = (seed: number) => {
    const random = randomFrom(seed);
    let number = 2;
    const views = [view('c0'), view('c1', { isRemoved: true }), view('c2', { isAdded: false, releases: [] })];
    const context = {
      random,
      views,
      openChannels: ['c0'],
      recentReleases: [{ channel: 'c0', release: 'c0-2' }],
      nextNumber: () => ++number,
      nextJti: () => 'token-1',
    };
    return Array.from({ length: 2_000 }, () => nextPlan(context));
  };

  it('draws every kind of command, and the same ones for a seed', () => {
    expect([...new Set(plans(1).map(({ kind }) => kind))].toSorted()).toEqual([
      'add',
      'promote',
      'publish',
      'remove',
      'restore',
      'revoke',
      'rollback',
      'set',
      'unyank',
      'yank',
    ]);
    expect(plans(1)).toEqual(plans(1));
    expect(plans(1)).not.toEqual(plans(2));
  });

  it('gives one name two contents, and makes public only channels that are meant for it', () => {
    const drawn = plans(3);
    expect(drawn.some(({ release, variant }) => release === 'c0-2' && variant === 1)).toBe(true);
    expect([...new Set(drawn.filter(({ args }) => args.includes('public')).map(({ channel }) => channel))]).toEqual([
      'c0',
    ]);
  });
});

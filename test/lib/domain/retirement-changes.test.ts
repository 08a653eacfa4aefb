import { describe, expect, it } from '@jest/globals';
import {
  type ChannelRecord,
  formatRecord,
  historyPage,
  parseRecord,
  resolvedRelease,
} from '../../../lib/domain/record.ts';
import { lastMove, latestMove, rollbackTargets, withYank } from '../../../lib/domain/record-changes.ts';
import { isRetired, retirementOf } from '../../../lib/domain/retirement.ts';
import {
  withoutPin,
  withoutRetirement,
  withPin,
  withRetirement,
  withTakedown,
} from '../../../lib/domain/retirement-changes.ts';
import { at, author, channelOf, facts, four, retire, until } from '../../support/channel-records.ts';

describe('a retirement', () => {
  it('has a mark with the reason, the time, who made it and the end of the grace time', () => {
    const retired = withRetirement(
      four(),
      { releases: ['a'], reason: 'old', until, instead: 'd' },
      author('retire-it'),
    );
    const mark = { reason: 'old', at, by: 'arn:aws:iam::1:user/u', until, instead: 'd' };
    expect(retirementOf(retired, 'a')).toEqual(mark);
    expect(retirementOf(parseRecord(formatRecord(retired)), 'a')).toEqual(mark);
    expect(retired).toMatchObject({ latest: 'd', previous: ['a', 'b', 'c'] });
    expect(retired.history.at(-1)).toEqual({
      serial: 6,
      action: 'retire',
      release: 'a',
      reason: 'old',
      ...author('retire-it'),
    });
    expect(['a', 'b', 'constructor'].map((release) => isRetired(retired, release))).toEqual([true, false, false]);
    expect(retirementOf(retired, 'constructor')).toBeUndefined();
  });

  it('of several releases has their number in the history, and so has its undoing', () => {
    const retired = retire(four(), 'a', 'b');
    expect(retired.history.at(-1)).toMatchObject({ action: 'retire', count: 2 });
    expect(retired.history.at(-1)).not.toHaveProperty('release');
    const undone = withoutRetirement(retired, ['a', 'b'], author('undo'), 'promoted');
    expect(undone.retired).toEqual({});
    expect(undone.history.at(-1)).toMatchObject({ action: 'unretire', count: 2, reason: 'promoted' });
    expect(parseRecord(formatRecord(undone)).history).toEqual(undone.history);
  });

  it('is no move of the channel, whatever it names', () => {
    const record = withPin(withoutRetirement(retire(four(), 'a'), ['a'], author('undo')), 'b', 'needed', author('pin'));
    const changed = withoutPin(record, 'b', author('unpin'));
    expect(latestMove(changed)).toEqual(latestMove(four()));
    expect(lastMove(changed, 0)).toEqual(lastMove(four(), 0));
  });

  it('does not hide a release that is older than the history', () => {
    const old = parseRecord('{"latest": "b", "previous": ["a"]}');
    expect(historyPage(retire(old, 'a'), undefined, 10).entries.at(-1)).toEqual({ release: 'a' });
  });

  it('takes the release out of those that the channel may point to again', () => {
    expect(rollbackTargets(retire(four(), 'b'))).toEqual(['c', 'a']);
    expect(
      rollbackTargets(withYank(retire(four(), 'b'), { release: 'c', reason: 'x', next: facts('a') }, author('y'))),
    ).toEqual(['a']);
  });
});

describe('a pin', () => {
  it('is kept with its reason until it is taken off', () => {
    const pinned = parseRecord(formatRecord(withPin(four(), 'a', 'a customer has it', author('pin-it'))));
    expect(pinned.pinned).toEqual({ a: { reason: 'a customer has it', at, by: 'arn:aws:iam::1:user/u' } });
    expect(pinned.history.at(-1)).toMatchObject({ action: 'pin', release: 'a', reason: 'a customer has it' });
    expect(withoutPin(pinned, 'a', author('unpin-it'))).toMatchObject({ pinned: {}, latest: 'd' });
  });
});

describe('a takedown', () => {
  const down = (record: ChannelRecord, release: string, next?: string): ChannelRecord =>
    withTakedown(
      record,
      { release, reason: 'law', next: next === undefined ? undefined : facts(next) },
      author('down'),
    );

  it('of the latest moves the channel as a yank does', () => {
    const moved = down(withPin(four(), 'd', 'x', author('pin')), 'd', 'c');
    expect(moved).toMatchObject({ latest: 'c', previous: ['a', 'b', 'd'], facts: facts('c'), pinned: {} });
    expect(retirementOf(moved, 'd')).toMatchObject({ takedown: true, reason: 'law', until: at });
    expect(moved.history.at(-1)).toMatchObject({ action: 'takedown', release: 'd', from: 'd', to: 'c', reason: 'law' });
    expect(latestMove(moved)).toMatchObject({ action: 'takedown', to: 'c' });
  });

  it('of the only release leaves the channel without one', () => {
    expect(down(channelOf('a'), 'a')).toMatchObject({ latest: undefined, previous: ['a'], facts: undefined });
  });

  it('of an earlier release moves nothing', () => {
    expect(down(four(), 'a')).toMatchObject({ latest: 'd', previous: ['a', 'b', 'c'] });
    expect(latestMove(down(four(), 'a'))).toEqual(latestMove(four()));
  });

  it('is never the latest, even if another tool makes it the latest', () => {
    expect(resolvedRelease({ ...down(four(), 'a'), latest: 'a' })).toBeUndefined();
    expect(resolvedRelease({ ...retire(four(), 'a'), latest: 'a' })).toBe('a');
    expect(resolvedRelease({ ...four(), latest: 'constructor' })).toBe('constructor');
  });
});

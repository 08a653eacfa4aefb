import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type ChannelRecord, formatRecord, parseRecord } from '../../../lib/domain/record.ts';
import { withSettings } from '../../../lib/domain/record-changes.ts';
import {
  candidates,
  canUndo,
  conflictingRetirements,
  dueRetirements,
  type Holders,
  holdersOf,
  holdOn,
  isPinned,
  isRetired,
  publicationTimes,
  releasesOf,
  retirementOf,
  selected,
  selectionOf,
} from '../../../lib/domain/retirement.ts';
import { withPin, withRetirement, withTakedown } from '../../../lib/domain/retirement-changes.ts';
import { at, author, channelOf, four, retire, until } from '../../support/channel-records.ts';

const none: Holders = new Map();
const holders = (channel: string, record: ChannelRecord) => holdersOf([[channel, record]]);

describe('the mark of a retirement', () => {
  it('counts even where another tool damaged its mark', () => {
    const damaged = parseRecord('{"latest": "b", "previous": ["a"], "retired": {"a": 7}}');
    expect(retirementOf(damaged, 'a')).toEqual({ reason: '', at: '', by: '', until: '' });
    expect(dueRetirements(damaged, Number.MAX_SAFE_INTEGER)).toEqual([]);
  });

  it('can be undone until the end of the grace time, unless the object was removed or taken down', () => {
    const mark = { reason: 'old', at, by: 'me', until };
    const end = Date.parse(until);
    expect(canUndo(mark, end - 1)).toBe(true);
    expect(canUndo(mark, end)).toBe(false);
    expect(canUndo({ ...mark, removed: at }, 0)).toBe(false);
    expect(canUndo({ ...mark, takedown: true }, 0)).toBe(false);
  });
});

describe('what holds a release', () => {
  it.each([
    ['the latest', 'd', none, { kind: 'latest' }],
    ['one that is not of the channel', 'x', none, { kind: 'unknown' }],
    ['one that is retired', 'a', none, { kind: 'retired' }],
    ['a pinned one', 'b', none, { kind: 'pinned' }],
    [
      'one that another channel names',
      'c',
      holders('stable', channelOf('c', 'e')),
      { kind: 'named', channel: 'stable' },
    ],
    ['one that nobody needs', 'c', none, undefined],
  ])('%s', (_, release, others, hold) => {
    const record = withPin(retire(four(), 'a'), 'b', 'needed', author('pin'));
    expect(holdOn(record, release, others)).toEqual(hold);
  });

  it('are the releases of other channels that they have not retired, and their latest ones', () => {
    const stable = retire(channelOf('a', 'b', 'c'), 'a');
    expect([...holders('stable', stable)]).toEqual([
      ['b.tar.xz', 'stable'],
      ['c.tar.xz', 'stable'],
    ]);
    expect([...holders('stable', { ...stable, latest: 'a' }).keys()]).toContain('a.tar.xz');
    const down = withTakedown(stable, { release: 'c', reason: 'law', next: undefined }, author('down'));
    expect([...holders('stable', { ...down, latest: 'c' }).keys()]).toEqual(['b.tar.xz']);
  });

  it('is compared by whole keys', () => {
    const other = { ...channelOf('a.tar', 'z'), fileExtension: '.xz' };
    expect(holdOn({ ...four(), fileExtension: '.tar.xz' }, 'a', holders('other', other))).toMatchObject({
      kind: 'named',
    });
    expect(holdOn(four(), 'a', holders('other', { ...channelOf('a', 'z'), fileExtension: '.zip' }))).toBeUndefined();
  });
});

describe('a selection of releases', () => {
  const day = 86_400_000;
  const now = Date.parse(at);
  const ages: Readonly<Record<string, number>> = { a: 400, b: 300, c: 200, d: 100 };
  const since = (release: string) => (ages[release] === undefined ? undefined : now - ages[release] * day);

  it.each([
    ['by number', { keep: 2 }, ['a', 'b']],
    ['by a number that all have', { keep: 9 }, []],
    ['by age', { olderThanSeconds: 250 * 86_400 }, ['a', 'b']],
    ['by both, of which the smaller choice counts', { olderThanSeconds: 150 * 86_400, keep: 3 }, ['a']],
    ['by both, the other way round', { olderThanSeconds: 350 * 86_400, keep: 1 }, ['a']],
    ['by no number: the latest is never chosen', { keep: 0 }, ['a', 'b', 'c']],
  ])('is made %s', (_, selection, chosen) => {
    expect(selected(four(), selection, since, now)).toEqual(chosen);
  });

  it('counts retired ones not among the newest, and passes over pinned ones', () => {
    expect(candidates(retire(four(), 'c'), { keep: 2 })).toEqual(['a']);
    expect(candidates(withPin(four(), 'a', 'needed', author('pin')), { keep: 2 })).toEqual(['b']);
  });

  it('never chooses a release of unknown age by age', () => {
    const old = { olderThanSeconds: 86_400 };
    expect(selected(channelOf('x', 'a', 'd'), old, since, now)).toEqual(['a']);
  });

  it('is what a policy asks for', () => {
    const { retain } = withSettings(four(), { retain: { keep: 20, days: 180 } }, author('set'));
    expect(retain).toEqual({ keep: 20, days: 180 });
    expect(selectionOf({ keep: 20, days: 180 })).toEqual({ keep: 20, olderThanSeconds: 15_552_000 });
    expect(
      parseRecord(formatRecord(withSettings(four(), { retain: { keep: 2, days: 1 } }, author('set')))).retain,
    ).toEqual({ keep: 2, days: 1 });
    const without = withSettings({ ...four(), retain: { keep: 2, days: 1 } }, { retain: null }, author('set'));
    expect(without.retain).toBeUndefined();
    expect(parseRecord(formatRecord(without)).history.at(-1)).toMatchObject({ action: 'set', retain: null });
  });

  it('never has the latest, a pinned or a retired one, nor one of the newest', () => {
    const names = fc.uniqueArray(fc.constantFrom(...'abcdefgh'), { minLength: 1 });
    fc.assert(
      fc.property(
        names,
        fc.subarray([...'abcdefgh']),
        fc.subarray([...'abcdefgh']),
        fc.nat(9),
        (all, pins, gone, keep) => {
          const pinned = pins.reduce((record, name) => withPin(record, name, 'x', author('p')), channelOf(...all));
          const record = retire(pinned, ...gone);
          const chosen = candidates(record, { keep });
          const left = releasesOf(record).filter((name) => !chosen.includes(name) && !isRetired(record, name));
          expect(
            chosen.some((name) => name === record.latest || isPinned(record, name) || isRetired(record, name)),
          ).toBe(false);
          expect(left.length).toBeGreaterThanOrEqual(
            Math.min(keep, releasesOf(record).length - gone.filter((name) => all.includes(name)).length),
          );
        },
      ),
    );
  });

  it('takes the time of a release from its first publication or promotion in the history', () => {
    expect([...publicationTimes(retire(four(), 'a'))]).toEqual(['a', 'b', 'c', 'd'].map((name) => [name, now]));
  });
});

describe('the retired releases', () => {
  const end = Date.parse(until);
  const shared = (record: ChannelRecord, release: string): ChannelRecord =>
    withRetirement(record, { releases: [release], reason: 'old', until, shared: true }, author('shared'));

  it('are due when their grace time is over', () => {
    expect(dueRetirements(retire(four(), 'a'), end - 1)).toEqual([]);
    expect(dueRetirements(retire(four(), 'a', 'c'), end)).toEqual(['a', 'c']);
  });

  it.each([
    ['given up by this channel only', shared(four(), 'a')],
    ['taken down', withTakedown(four(), { release: 'a', reason: 'law', next: undefined }, author('down'))],
    [
      'handed to the lifecycle rule',
      { ...four(), retired: { a: { reason: 'old', at, by: 'me', until, removed: at } } },
    ],
  ])('are neither due nor undone where they are %s', (_, record) => {
    expect(dueRetirements(record, end)).toEqual([]);
    expect(conflictingRetirements(record, holders('stable', channelOf('a', 'e')))).toEqual([]);
  });

  it('are undone where a channel needs them', () => {
    const record = retire(four(), 'a', 'b', 'c');
    expect(conflictingRetirements(record, none)).toEqual([]);
    expect(conflictingRetirements(record, holders('stable', retire(channelOf('a', 'b', 'e'), 'b')))).toEqual(['a']);
    expect(conflictingRetirements({ ...record, latest: 'c' }, none)).toEqual(['c']);
  });
});

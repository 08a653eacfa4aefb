import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type ChannelRecord, formatRecord, parseRecord, resolvedRelease } from '../../../lib/domain/record.ts';
import {
  newRecord,
  rollbackTargets,
  withLatest,
  withoutYank,
  withRemoval,
  withRestoration,
  withSettings,
  withYank,
} from '../../../lib/domain/record-changes.ts';

const author = (operation: string) => ({ operation, at: '2026-01-01T00:00:00.000Z', by: 'arn:aws:iam::1:user/u' });
const facts = (release: string) => ({ release, etag: `"${release}"` });
const publish = (record: ChannelRecord, release: string): ChannelRecord =>
  withLatest(record, { action: 'publish', facts: facts(release) }, author(`publish-${release}`));
const three = (): ChannelRecord => ['a', 'b', 'c'].reduce(publish, newRecord('.tar.xz', author('add')));
const all = ({ latest, previous }: ChannelRecord) =>
  [...previous, ...(latest === undefined ? [] : [latest])].toSorted();

const nextOf = (record: ChannelRecord, without?: string) => {
  const [next] = rollbackTargets(record).filter((release) => release !== without);
  return next === undefined ? undefined : facts(next);
};

describe('a rollback', () => {
  it('makes an earlier release the latest, and keeps the later one among the previous', () => {
    const back = withLatest(three(), { action: 'rollback', facts: facts('b') }, author('back'));
    expect(back).toMatchObject({ latest: 'b', previous: ['a', 'c'], serial: 5, facts: facts('b') });
    expect(back.history.at(-1)).toEqual({ serial: 5, action: 'rollback', release: 'b', from: 'c', ...author('back') });
  });
});

describe('the facts of archives', () => {
  const found = { flake: true, topLevelEntries: 1 };
  const withArchive = (record: ChannelRecord, release: string) =>
    withLatest(record, { action: 'publish', facts: facts(release), archive: found }, author(`publish-${release}`));

  it('is kept for the latest and for the releases in the history', () => {
    const names = Array.from({ length: 201 }, (_, index) => `r-${index}`);
    const full = names.reduce(withArchive, newRecord('.tar.xz', author('add')));
    expect(Object.keys(full.archives)).toEqual(names.slice(1));
    const yanked = withYank(full, { release: 'r-200', reason: 'broken', next: facts('r-1') }, author('yank'));
    expect(yanked.archives).toMatchObject({ 'r-1': found, 'r-2': found });
    expect(parseRecord(formatRecord(yanked)).archives).toEqual(yanked.archives);
  });

  it('is kept when a change does not have it', () => {
    const back = publish(withArchive(three(), 'd'), 'e');
    expect(withLatest(back, { action: 'rollback', facts: facts('d') }, author('back')).archives).toEqual({ d: found });
  });
});

describe('a yank', () => {
  const yank = (record: ChannelRecord, release: string) =>
    withYank(record, { release, reason: 'broken', next: nextOf(record, release) }, author(`yank-${release}`));

  it('of the latest makes the newest previous release the latest, and loses none', () => {
    const yanked = yank(three(), 'c');
    expect(yanked).toMatchObject({ latest: 'b', previous: ['a', 'c'], facts: facts('b') });
    expect(yanked.yanked).toEqual({ c: { reason: 'broken', at: author('').at, by: author('').by } });
    expect(yanked.history.at(-1)).toMatchObject({ action: 'yank', release: 'c', from: 'c', to: 'b', reason: 'broken' });
  });

  it('skips yanked releases, and leaves the channel without a release when none is left', () => {
    const two = yank(yank(three(), 'b'), 'c');
    expect(two).toMatchObject({ latest: 'a', previous: ['b', 'c'] });
    const none = yank(two, 'a');
    expect(none).toMatchObject({ latest: undefined, previous: ['b', 'c', 'a'] });
    expect(rollbackTargets(none)).toEqual([]);
  });

  it('of an earlier release does not move the channel', () => {
    const before = three();
    expect(yank(before, 'a')).toMatchObject({ latest: 'c', previous: ['a', 'b'], facts: before.facts });
  });

  it('is undone without moving the channel, unless the channel has no release', () => {
    const undo = (record: ChannelRecord, release: string) =>
      withoutYank(record, { release, next: facts(release) }, author(`undo-${release}`));
    expect(undo(yank(three(), 'c'), 'c')).toMatchObject({ latest: 'b', previous: ['a', 'c'], yanked: {} });
    const none = ['a', 'b', 'c'].reduce(yank, three());
    expect(none.latest).toBeUndefined();
    expect(undo(none, 'b')).toMatchObject({ latest: 'b', facts: facts('b') });
  });
});

it('a channel is never led to a name that no reader could ask for', () => {
  const record = parseRecord(JSON.stringify({ latest: 'a-2', previous: ['a-1', 'sub/a-0', 'bad name', 'channels'] }));
  expect(rollbackTargets(record)).toEqual(['channels', 'a-1']);
  expect(() => formatRecord({ ...record, latest: 'bad name' })).toThrow('"latest"');
});

it('whatever is done, no release is lost, none stands twice, none that is yanked is led to, and the serial grows', () => {
  const step = fc.tuple(fc.constantFrom('publish', 'rollback', 'yank', 'undo'), fc.nat(9));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      let record = newRecord('.tar.xz', author('add'));
      let count = 0;
      for (const [action, pick] of steps) {
        const known = all(record);
        const release = known[pick % Math.max(1, known.length)];
        const before = record;
        if (action === 'publish') record = publish(record, `r${count++}`);
        else if (release === undefined) continue;
        else if (action === 'yank' && !Object.hasOwn(record.yanked, release))
          record = withYank(record, { release, reason: 'r', next: nextOf(record, release) }, author('y'));
        else if (action === 'undo' && Object.hasOwn(record.yanked, release))
          record = withoutYank(record, { release, next: nextOf({ ...record, yanked: {} }) }, author('u'));
        else if (action === 'rollback' && record.previous.includes(release) && !Object.hasOwn(record.yanked, release))
          record = withLatest(record, { action, facts: facts(release) }, author('b'));
        else continue;
        expect(record.serial).toBe(before.serial + 1);
        expect(all(record)).toEqual(Array.from({ length: count }, (_, index) => `r${index}`).toSorted());
        expect(resolvedRelease(record)).toBe(record.latest);
        expect(parseRecord(formatRecord(record))).toEqual(record);
      }
    }),
    { seed: 1, numRuns: 200 },
  );
});

describe('a change of settings', () => {
  it('has what changed, and removes the maximum age where it is null', () => {
    const set = withSettings(three(), { visibility: 'public', maxAge: 60 }, author('set'));
    expect(set).toMatchObject({ maxAge: 60, latest: 'c', serial: 5 });
    expect(set.history.at(-1)).toEqual({
      serial: 5,
      action: 'set',
      visibility: 'public',
      maxAge: 60,
      ...author('set'),
    });
    const open = withSettings(set, { visibility: 'private' }, author('close'));
    expect(open.maxAge).toBe(60);
    expect(open.history.at(-1)).not.toHaveProperty('maxAge');
    const without = withSettings(open, { maxAge: null }, author('none'));
    expect(without.history.at(-1)).toMatchObject({ maxAge: null });
    expect(parseRecord(formatRecord(without))).toEqual(without);
    expect(without.maxAge).toBeUndefined();
  });
});

it('a removal marks the record and keeps everything in it', () => {
  const removed = withRemoval(three(), author('remove'));
  expect(removed).toMatchObject({ latest: 'c', previous: ['a', 'b'], removed: { by: author('').by } });
});

it('a restoration takes the mark off, and is in the history', () => {
  const removed = withRemoval(three(), author('remove'));
  const restored = withRestoration(removed, author('restore'));
  expect({ ...restored, history: [], serial: 0 }).toEqual({ ...three(), history: [], serial: 0 });
  expect(restored.history.at(-1)).toEqual({ serial: removed.serial + 1, action: 'restore', ...author('restore') });
  expect(parseRecord(formatRecord(restored))).toEqual(restored);
});

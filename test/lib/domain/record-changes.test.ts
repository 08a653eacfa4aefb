import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type ChannelRecord, formatRecord, parseRecord, resolvedRelease } from '../../../lib/domain/record.ts';
import {
  lastMove,
  newRecord,
  rollbackTargets,
  withLatest,
  withMend,
  withoutYank,
  withRemoval,
  withRestoration,
  withSettings,
  withYank,
} from '../../../lib/domain/record-changes.ts';

describe('record changes', () => {
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
      expect(back.history.at(-1)).toEqual({
        serial: 5,
        action: 'rollback',
        release: 'b',
        from: 'c',
        ...author('back'),
      });
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
      expect(withLatest(back, { action: 'rollback', facts: facts('d') }, author('back')).archives).toEqual({
        d: found,
      });
    });
  });

  describe('a yank', () => {
    const yank = (record: ChannelRecord, release: string) =>
      withYank(record, { release, reason: 'broken', next: nextOf(record, release) }, author(`yank-${release}`));

    it('of the latest makes the newest previous release the latest, and loses none', () => {
      const yanked = yank(three(), 'c');
      expect(yanked).toMatchObject({ latest: 'b', previous: ['a', 'c'], facts: facts('b') });
      expect(yanked.yanked).toEqual({ c: { reason: 'broken', at: author('').at, by: author('').by } });
      expect(yanked.history.at(-1)).toMatchObject({
        action: 'yank',
        release: 'c',
        from: 'c',
        to: 'b',
        reason: 'broken',
      });
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
});

describe('latest since', () => {
  const start = Date.parse('2026-01-01T00:00:00Z');
  const minute = 60_000;
  const by = 'arn:aws:iam::111122223333:role/ci';
  const factsOf = (release: string) => ({ release, etag: `"${release}"` });

  /** A record to which something is done each minute. */
  class Written {
    record: ChannelRecord;
    #minutes = 0;

    constructor(record?: ChannelRecord) {
      this.record = record ?? newRecord('.tar.xz', this.#author());
    }

    #author() {
      this.#minutes += 1;
      const at = new Date(start + this.#minutes * minute).toISOString();
      return { operation: `operation-${this.#minutes}`, at, by };
    }

    publish(release: string, action: 'publish' | 'rollback' | 'promote' = 'publish'): this {
      this.record = withLatest(this.record, { action, facts: factsOf(release) }, this.#author());
      return this;
    }
    yank(release: string, next?: string): this {
      const to = next === undefined ? undefined : factsOf(next);
      this.record = withYank(this.record, { release, reason: 'bad', next: to }, this.#author());
      return this;
    }
    unyank(release: string): this {
      this.record = withoutYank(this.record, { release, next: factsOf(release) }, this.#author());
      return this;
    }
    set(): this {
      this.record = withSettings(this.record, { maxAge: 3_600 }, this.#author());
      return this;
    }
    mend(): this {
      this.record = withMend(this.record, ['facts-missing'], this.#author());
      return this;
    }

    /** The move as somebody reads it who reads the record now: in minutes. */
    get move() {
      const found = lastMove(parseRecord(formatRecord(this.record)), start + this.#minutes * minute);
      return found === undefined ? undefined : [(found.at - start) / minute, found.from];
    }
  }

  describe("a channel's move from one release to another", () => {
    it.each<[string, Written, unknown]>([
      ['is none before the first release', new Written(), undefined],
      ['is not the first release', new Written().publish('a'), undefined],
      ['is not a change of settings after the first release', new Written().publish('a').set().mend(), undefined],
      ['is a second release', new Written().publish('a').publish('b'), [3, 'a']],
      ['is not what is set or mended afterwards', new Written().publish('a').publish('b').set().mend(), [3, 'a']],
      ['is a promotion', new Written().publish('a').publish('b', 'promote').set(), [3, 'a']],
      ['is a rollback', new Written().publish('a').publish('b').publish('a', 'rollback').set(), [4, 'b']],
      ['is a yank of the latest', new Written().publish('a').publish('b').yank('b', 'a').set(), [4, 'b']],
      ['is not a yank of another', new Written().publish('a').publish('b').yank('a'), [3, 'a']],
      ['is not a yank taken back that left the latest', new Written().publish('a').yank('a').unyank('a'), undefined],
      [
        'is the one before a yank that was undone',
        new Written().publish('b').publish('a').yank('a').unyank('a'),
        [3, 'b'],
      ],
      ['is a release after a time without one', new Written().publish('a').yank('a').publish('b').set(), [4, 'a']],
    ])('%s', (_, { move }, expected) => {
      expect(move).toEqual(expected);
    });

    it.each<[string, object, unknown]>([
      ['has only ever had one release', { latest: 'a' }, undefined],
      ['names its latest as an earlier one too', { latest: 'a', previous: ['a'] }, undefined],
      ['has no release now', { previous: ['a'] }, undefined],
      ['had another release', { latest: 'b', previous: ['a'] }, [9, 'a']],
      ['had one with a name that nobody could ask for', { latest: 'b', previous: ['\ud800'] }, [9, undefined]],
    ])('is dated in a record of another tool, which %s', (_, record, expected) => {
      const found = lastMove(parseRecord(JSON.stringify(record)), start + 9 * minute);
      expect(found === undefined ? undefined : [(found.at - start) / minute, found.from]).toEqual(expected);
    });

    it('of a record that another tool began was before its history', () => {
      const taken = new Written(parseRecord(JSON.stringify({ latest: 'b', previous: ['a'] })));
      expect(taken.set().set().move).toEqual([1, 'a']);
      expect(taken.publish('c').set().move).toEqual([3, 'b']);
    });

    it('is dated to when the record was written, where another tool moved the latest', () => {
      const moved = new Written().publish('a').publish('b').record;
      const found = lastMove({ ...moved, latest: 'c', previous: ['a', 'b'] }, start + 9 * minute);
      expect(found).toEqual({ at: start + 9 * minute, from: 'b' });
    });

    it('is dated to when the record was written, where the history has no valid time', () => {
      const { record } = new Written().publish('a').publish('b');
      const history = record.history.map((change) => ({ ...change, at: 'yesterday' }));
      expect(lastMove({ ...record, history }, start)).toEqual({ at: start, from: 'a' });
    });

    it('exists after any changes if another release was the latest before', () => {
      const step = fc.constantFrom('publish', 'rollback', 'yank', 'unyank', 'set', 'remove');
      const release = fc.constantFrom('a', 'b', 'c');
      fc.assert(
        fc.property(fc.array(fc.tuple(step, release), { maxLength: 12 }), (steps) => {
          const written = new Written();
          let expected: unknown;
          let last: string | undefined;
          steps.forEach(([what, name], index) => {
            const before = written.record.latest;
            if (what === 'publish' || what === 'rollback') written.publish(name, what);
            else if (what === 'yank') written.yank(name, before === name ? undefined : before);
            else if (what === 'unyank') written.unyank(name);
            else if (what === 'set') written.set();
            else {
              const author = { operation: 'x', by, at: new Date(start).toISOString() };
              written.record = withRemoval(written.record, author);
              written.set();
            }
            const { latest } = written.record;
            if (latest !== undefined && latest !== last) {
              if (last !== undefined) expected = [index + 2, last];
              last = latest;
            }
          });
          expect(written.move).toEqual(written.record.latest === undefined ? undefined : expected);
        }),
        { seed: 6, numRuns: 500 },
      );
    });
  });
});

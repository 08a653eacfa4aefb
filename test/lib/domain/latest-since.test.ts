import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { lastMove } from '../../../lib/domain/latest-since.ts';
import { type ChannelRecord, formatRecord, parseRecord } from '../../../lib/domain/record.ts';
import {
  newRecord,
  withLatest,
  withMend,
  withoutYank,
  withRemoval,
  withSettings,
  withYank,
} from '../../../lib/domain/record-changes.ts';

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

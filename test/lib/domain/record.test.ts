import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { InvalidInput } from '../../../lib/domain/problem.ts';
import {
  type ChannelRecord,
  changeOf,
  formatRecord,
  type HistoryEntry,
  hasRelease,
  historyPage,
  latestFacts,
  parseRecord,
  recordKey,
  resolvedRelease,
} from '../../../lib/domain/record.ts';
import { type Author, newRecord, withLatest } from '../../../lib/domain/record-changes.ts';

const author = (operation: string): Author => ({
  operation,
  at: '2026-01-01T00:00:00.000Z',
  by: 'arn:aws:iam::1:user/u',
});
const factsOf = (release: string) => ({ release, etag: `"${release}"` });
const published = (release: string) => ({ action: 'publish', facts: factsOf(release) }) as const;
const parse = (value: unknown): ChannelRecord => parseRecord(JSON.stringify(value));

describe('the record of a channel', () => {
  it('has a key of its own in the bucket', () => {
    expect(recordKey('nixos-25.05')).toBe('nixos-25.05.json');
  });

  it.each([
    [
      'as its documentation shows it',
      { latest: 'a-2', file_extension: '.tar.gz', previous: ['a-1'] },
      'a-2',
      '.tar.gz',
      ['a-1'],
    ],
    ['without file_extension', { latest: 'a-1', previous: [] }, 'a-1', '.tar.xz', []],
    ['with a null file_extension', { latest: 'a-1', file_extension: null }, 'a-1', '.tar.xz', []],
    ['without previous', { latest: 'a-1' }, 'a-1', '.tar.xz', []],
    ['with a null previous', { latest: 'a-1', previous: null }, 'a-1', '.tar.xz', []],
    ['with a null latest', { latest: null, file_extension: '.iso' }, undefined, '.iso', []],
    ['without anything', {}, undefined, '.tar.xz', []],
    ['with an extension without a dot', { latest: 'a.', file_extension: 'tar.xz' }, 'a.', 'tar.xz', []],
    ['with a plus in a name', { latest: 'a-1+b', previous: ['a+0'] }, 'a-1+b', '.tar.xz', ['a+0']],
  ])('is read as the Rust service writes it: %s', (_, value, latest, fileExtension, previous) => {
    expect(parse(value)).toEqual({
      latest,
      fileExtension,
      previous,
      serial: 0,
      facts: undefined,
      archives: {},
      history: [],
      yanked: {},
      pinned: {},
      retired: {},
      retain: undefined,
      removed: undefined,
      others: {},
    });
  });

  it.each([
    ['nothing', ''],
    ['no JSON', '{'],
    ['an array', '[]'],
    ['null', 'null'],
    ['a text', '"a"'],
    ['a number', '7'],
    ['latest is a number', '{"latest": 7}'],
    ['latest is a list', '{"latest": ["a"]}'],
    ['latest is empty', '{"latest": ""}'],
    ['latest leads out of the bucket', '{"latest": "../a"}'],
    ['latest has a slash', '{"latest": "a/b"}'],
    ['latest ends in .json', '{"latest": "a.json"}'],
    ['file_extension is .json', '{"file_extension": ".json"}'],
    ['file_extension is a number', '{"file_extension": 7}'],
    ['file_extension is empty', '{"file_extension": ""}'],
    ['file_extension is json', '{"file_extension": "json"}'],
    ['file_extension is the end of .json', '{"latest": "channels.j", "file_extension": "Son"}'],
    ['file_extension has no dot and is too long', `{"file_extension": "${'a'.repeat(32)}"}`],
    ['file_extension has no dot and a slash', '{"file_extension": "a/b"}'],
    ['previous is a text', '{"previous": "a"}'],
    ['previous is an object', '{"previous": {}}'],
    ['previous has a number', '{"previous": ["a", 7]}'],
  ])('throws where it is or has: %s', (_, text) => {
    expect(() => parseRecord(text)).toThrow();
  });

  it.each([
    ['serial', { serial: 'many' }],
    ['serial below 0', { serial: -1 }],
    ['serial with a fraction', { serial: 1.5 }],
    ['facts', { facts: [1] }],
    ['facts without an entity tag', { facts: { release: 'a-1' } }],
    ['history', { history: 'long' }],
    ['changes', { history: [null, 7, {}, { serial: 1 }, { serial: '1', operation: 'o' }] }],
    ['a change without time and author', { history: [{ serial: 1, operation: 'operation-1', action: 'publish' }] }],
    ['a change whose release is a number', { history: [{ serial: 1, ...author('o'), action: 'publish', release: 7 }] }],
    ['yanked', { yanked: ['a'] }],
    ['pinned', { pinned: ['a'] }],
    ['retired', { retired: 'a' }],
    ['a policy without days', { retain: { keep: 20 } }],
    ['a policy that keeps nothing', { retain: { keep: 0, days: 180 } }],
    ['a policy with a fraction', { retain: { keep: 20, days: 0.5 } }],
    ['a change of a number that is a text', { history: [{ serial: 1, ...author('o'), action: 'retire', count: '7' }] }],
    ['a change to no policy', { history: [{ serial: 1, ...author('o'), action: 'set', retain: 20 }] }],
    ['a maximum age that is a text', { max_age: '3d' }],
    ['a maximum age under a minute', { max_age: 59 }],
    ['a maximum age with a fraction', { max_age: 60.5 }],
    ['a maximum age beyond a year', { max_age: 31_536_001 }],
    ['a null maximum age', { max_age: null }],
    ['a change to no visibility', { history: [{ serial: 1, ...author('o'), action: 'set', visibility: 'open' }] }],
    ['a change to no age', { history: [{ serial: 1, ...author('o'), action: 'set', maxAge: '3d' }] }],
  ])('is read without an addition that is damaged: %s', (_, additions) => {
    expect(parse({ latest: 'a-1', ...additions })).toEqual(parse({ latest: 'a-1' }));
  });

  it('is read with the valid facts, and without the invalid ones', () => {
    const facts = {
      release: 'a-1',
      etag: '"e"',
      rev: 'A'.repeat(40),
      revCount: -1,
      lastModified: '7',
      narHash: 'md5-x',
      x: 1,
    };
    expect(parse({ latest: 'a-1', facts }).facts).toEqual({ release: 'a-1', etag: '"e"', rev: 'a'.repeat(40) });
  });

  it.each(['__proto__', 'constructor', 'toString'])(
    'keeps the key %s like any other, and is not changed by it',
    (key) => {
      const text = `{"latest": "a-1", "${key}": {"latest": "evil"}}`;
      const record = parseRecord(text);
      expect(record.latest).toBe('a-1');
      expect(Object.hasOwn(record.others, key)).toBe(true);
      expect(JSON.parse(formatRecord(record))[key]).toEqual({ latest: 'evil' });
      expect(({} as Record<string, unknown>).latest).toBeUndefined();
    },
  );

  it.each(['__proto__', 'constructor'])('without yanks resolves a release named %s', (latest) => {
    expect(resolvedRelease({ ...newRecord('.iso', author('o')), latest })).toBe(latest);
  });

  it('is written so that the Rust service reads it', () => {
    const fresh = JSON.parse(formatRecord(newRecord('.iso', author('operation-1'))));
    expect(fresh).toMatchObject({ latest: null, file_extension: '.iso', previous: [], serial: 1 });
    expect(Object.keys(fresh)).not.toContain('yanked');
    expect(formatRecord(parse({ latest: 'a-1' }))).toContain('"file_extension": ".tar.xz"');
    expect(formatRecord(parse({ latest: 'a-1' }))).toContain('"previous": []');
  });

  const name = fc.stringMatching(/^[a-z][a-z0-9+-]{0,8}$/);
  const recordValue = fc.record(
    {
      latest: fc.option(name),
      file_extension: fc.constantFrom('.tar.xz', '.iso'),
      previous: fc.array(name),
      serial: fc.nat(),
      facts: fc.record({ release: name, etag: fc.string(), revCount: fc.nat(), lastModified: fc.nat() }),
      history: fc.array(
        fc.record({
          serial: fc.nat(),
          operation: fc.string(),
          action: fc.constantFrom('add', 'publish'),
          at: fc.string(),
          by: fc.string(),
          visibility: fc.constantFrom('public', 'private'),
          maxAge: fc.option(fc.integer({ min: 60, max: 31_536_000 })),
        }),
      ),
      archives: fc.dictionary(
        fc.oneof(name, fc.constant('__proto__')),
        fc.oneof(fc.record({ flake: fc.boolean(), topLevelEntries: fc.integer() }), fc.jsonValue()),
      ),
      yanked: fc.dictionary(name, fc.json()),
      max_age: fc.integer({ min: 60, max: 31_536_000 }),
      removed: fc.record({ at: fc.string() }),
      note: fc.jsonValue(),
    },
    { requiredKeys: [] },
  );

  it('is the same after it was formatted and parsed', () => {
    fc.assert(
      fc.property(recordValue, (value) => {
        const record = parse(value);
        expect(parseRecord(formatRecord(record))).toEqual(record);
        expect(formatRecord(parseRecord(formatRecord(record)))).toBe(formatRecord(record));
      }),
      { seed: 5 },
    );
  });

  it('is parsed or throws an Error, whatever the text', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.json(),
          fc.string(),
          fc.object().map((value) => JSON.stringify(value)),
        ),
        (text) => {
          let record: ChannelRecord;
          try {
            record = parseRecord(text);
          } catch (error) {
            expect((error as Error).message).toBeTruthy();
            return;
          }
          expect(parseRecord(formatRecord(record))).toEqual(record);
        },
      ),
      { seed: 6, numRuns: 500 },
    );
  });
});

describe('a release made the latest', () => {
  it('moves the one before to the end of previous, and is in the history', () => {
    const one = withLatest(newRecord('.iso', author('operation-1')), published('a-1'), author('operation-2'));
    const two = withLatest(one, published('a-2'), author('operation-3'));
    expect(one).toMatchObject({ latest: 'a-1', previous: [], serial: 2 });
    expect(two).toMatchObject({ latest: 'a-2', previous: ['a-1'], serial: 3, facts: factsOf('a-2') });
    expect(two.history.map(({ serial, action, release, from }) => [serial, action, release, from])).toEqual([
      [1, 'add', undefined, undefined],
      [2, 'publish', 'a-1', undefined],
      [3, 'publish', 'a-2', 'a-1'],
    ]);
    expect(changeOf(two, 'operation-3')?.release).toBe('a-2');
    expect(changeOf(two, 'operation-4')).toBeUndefined();
    expect(['a-1', 'a-2', 'a-3'].map((release) => hasRelease(two, release))).toEqual([true, true, false]);
  });

  it('keeps what other tools wrote', () => {
    const record = withLatest(parse({ latest: 'a-1', note: { by: 'hand' } }), published('a-2'), author('operation-1'));
    expect(JSON.parse(formatRecord(record))).toMatchObject({
      latest: 'a-2',
      previous: ['a-1'],
      note: { by: 'hand' },
    });
  });

  it('keeps the newest 200 changes and all of previous', () => {
    let record = newRecord('.iso', author('operation-0'));
    for (let release = 1; release <= 300; release += 1)
      record = withLatest(record, published(`a-${release}`), author(`operation-${release}`));
    expect(record.history.map(({ release }) => release)).toEqual(
      Array.from({ length: 200 }, (_, index) => `a-${index + 101}`),
    );
    expect(record.previous).toHaveLength(299);
    expect(record.serial).toBe(301);
  });
});

describe('what a channel points to', () => {
  it('is nothing where the latest was yanked', () => {
    expect(resolvedRelease(parse({ latest: 'a-1', yanked: { 'a-1': {} } }))).toBeUndefined();
    expect(resolvedRelease(parse({ latest: 'a-1', yanked: { 'a-0': {} } }))).toBe('a-1');
    expect(resolvedRelease(parse({}))).toBeUndefined();
  });

  it('has facts only of its own release', () => {
    expect(latestFacts(parse({ latest: 'a-1', facts: factsOf('a-1') }))).toEqual(factsOf('a-1'));
    expect(latestFacts(parse({ latest: 'a-2', facts: factsOf('a-1') }))).toBeUndefined();
    expect(latestFacts(parse({ latest: 'a-2' }))).toBeUndefined();
  });
});

describe('history', () => {
  const author = (operation: string) => ({ operation, at: '2026-01-01T00:00:00.000Z', by: 'me' });

  function recordWith(
    releases: number,
    start: ChannelRecord = newRecord('.tar.xz', author('add-0000')),
  ): ChannelRecord {
    let record = start;
    for (let number = 1; number <= releases; number += 1)
      record = withLatest(
        record,
        { action: 'publish', facts: { release: `a-${number}`, etag: '"e"' } },
        author(`publish-${number}`),
      );
    return record;
  }

  function everyPage(record: ChannelRecord, limit: number): HistoryEntry[] {
    const entries: HistoryEntry[] = [];
    for (let after: string | undefined, more = true; more; ) {
      const page = historyPage(record, after, limit);
      expect(page.entries.length).toBeLessThanOrEqual(limit);
      entries.push(...page.entries);
      after = page.next;
      more = after !== undefined;
    }
    return entries;
  }

  describe('the history of a channel', () => {
    it('is newest first', () => {
      const { entries, next } = historyPage(recordWith(3), undefined, 100);
      expect(entries.map(({ release }) => release)).toEqual(['a-3', 'a-2', 'a-1', undefined]);
      expect(next).toBeUndefined();
    });

    it.each([1, 2, 7, 99, 251, 300, 1000])('comes whole and without repetition in pages of %i', (limit) => {
      const record = recordWith(250);
      const whole = historyPage(record, undefined, 10_000).entries;
      expect(whole.map(({ release }) => release)).toEqual(
        Array.from({ length: 250 }, (_, index) => `a-${250 - index}`),
      );
      expect(everyPage(record, limit)).toEqual(whole);
    });

    it('ends with the names of releases that another tool published', () => {
      const start = parseRecord('{"latest": "r-3", "previous": ["r-1", "r-2"]}');
      expect(everyPage(recordWith(1, start), 2)).toEqual([
        expect.objectContaining({ serial: 1, release: 'a-1', from: 'r-3' }),
        { release: 'r-3' },
        { release: 'r-2' },
        { release: 'r-1' },
      ]);
    });

    it('continues at the same position while the record grows', () => {
      const record = recordWith(10);
      const { next } = historyPage(record, undefined, 4);
      const grown = withLatest(
        record,
        { action: 'publish', facts: { release: 'b-1', etag: '"e"' } },
        author('publish-b'),
      );
      expect(historyPage(grown, next, 100)).toEqual(historyPage(record, next, 100));
    });

    it.each(['s999', 'p999', 'x', '', 's', '__proto__'])('refuses the unknown position %j', (after) => {
      expect(() => historyPage(recordWith(3), after, 10)).toThrow(InvalidInput);
    });

    it('has no next page after a last page that is full', () => {
      const record = recordWith(9);
      const { next } = historyPage(record, undefined, 5);
      const last = historyPage(record, next, 5);
      expect([last.entries.length, last.next]).toEqual([5, undefined]);
    });

    it('is empty for a channel without any', () => {
      expect(historyPage(parseRecord('{}'), undefined, 10)).toEqual({ entries: [] });
    });
  });
});

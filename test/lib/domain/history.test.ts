import { describe, expect, it } from '@jest/globals';
import { type HistoryEntry, historyPage } from '../../../lib/domain/history.ts';
import { InvalidInput } from '../../../lib/domain/problem.ts';
import { type ChannelRecord, parseRecord } from '../../../lib/domain/record.ts';
import { newRecord, withLatest } from '../../../lib/domain/record-changes.ts';

const author = (operation: string) => ({ operation, at: '2026-01-01T00:00:00.000Z', by: 'me' });

function recordWith(releases: number, start: ChannelRecord = newRecord('.tar.xz', author('add-0000'))): ChannelRecord {
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
    expect(whole.map(({ release }) => release)).toEqual(Array.from({ length: 250 }, (_, index) => `a-${250 - index}`));
    expect(everyPage(record, limit)).toEqual(whole);
  });

  it('ends with the releases of another tool, by name alone', () => {
    const start = parseRecord('{"latest": "r-3", "previous": ["r-1", "r-2"]}');
    expect(everyPage(recordWith(1, start), 2)).toEqual([
      expect.objectContaining({ serial: 1, release: 'a-1', from: 'r-3' }),
      { release: 'r-3' },
      { release: 'r-2' },
      { release: 'r-1' },
    ]);
  });

  it('goes on at the same place while the record grows', () => {
    const record = recordWith(10);
    const { next } = historyPage(record, undefined, 4);
    const grown = withLatest(
      record,
      { action: 'publish', facts: { release: 'b-1', etag: '"e"' } },
      author('publish-b'),
    );
    expect(historyPage(grown, next, 100)).toEqual(historyPage(record, next, 100));
  });

  it.each(['s999', 'p999', 'x', '', 's', '__proto__'])('does not know the place %j', (after) => {
    expect(() => historyPage(recordWith(3), after, 10)).toThrow(InvalidInput);
  });

  it('ends with a page that is just full', () => {
    const record = recordWith(9);
    const { next } = historyPage(record, undefined, 5);
    const last = historyPage(record, next, 5);
    expect([last.entries.length, last.next]).toEqual([5, undefined]);
  });

  it('is empty for a channel without any', () => {
    expect(historyPage(parseRecord('{}'), undefined, 10)).toEqual({ entries: [] });
  });
});

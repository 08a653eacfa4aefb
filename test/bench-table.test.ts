import { describe, expect, it } from '@jest/globals';
import { type Figure, figures } from './bench/figures.ts';
import { sourceTar } from './bench/inspect/source-tar.ts';
import { parseOptions, UsageError } from './bench/parse-options.ts';
import { rowsOf, statusOf } from './bench/rows.ts';
import { showRows } from './bench/show-rows.ts';
import { median } from './bench/statistics.ts';
import { sha256 } from './support/memory-bucket.ts';

const less: Figure = { name: 'time', goal: 2, guard: 3, unit: '×', better: 'less' };
const more: Figure = { name: 'speed', goal: 10, guard: 8, unit: '×', better: 'more' };

describe('the table of figures', () => {
  it.each([
    [less, undefined, 'not-measured'],
    [less, 2, 'ok'],
    [less, 2.01, 'over-goal'],
    [less, 3, 'over-goal'],
    [less, 3.01, 'over-guard'],
    [more, 10, 'ok'],
    [more, 9.9, 'over-goal'],
    [more, 7.9, 'over-guard'],
  ] as const)('%j at %s is %s', (figure, value, status) => {
    expect(statusOf(figure, value)).toBe(status);
  });

  it('has no guard that is stricter than its goal, and no name twice', () => {
    for (const { goal, guard, better } of figures)
      expect(better === 'less' ? guard - goal : goal - guard).toBeGreaterThanOrEqual(0);
    expect(new Set(figures.map(({ name }) => name)).size).toBe(figures.length);
  });

  it('lists what has no bench as not measured', () => {
    expect(rowsOf({}, 'all')).toHaveLength(figures.length);
    expect(rowsOf({}, 'all')).toContainEqual(
      expect.objectContaining({
        name: 'serve: warm, token and URL new, against a signature',
        value: null,
        status: 'not-measured',
      }),
    );
  });

  it('has only the rows of the parts that are asked for', () => {
    const name = 'upload: against plain node:http';
    const row = { name, value: 1.235, goal: 1.1, guard: 1.3, unit: '×', status: 'over-goal' };
    expect(rowsOf({ [name]: 1.23456, 'serve: code that an open service loads': 40 }, ['upload'])).toEqual([row]);
  });

  it('is shown in columns', () => {
    const rows = rowsOf({ 'serve: code that an open service loads': 34.5 }, ['bundle']);
    expect(showRows(rows, [])).toBe(
      [
        'figure                                          value   goal  guard        status',
        'serve: code that an open service loads        34.5 KB  50 KB  60 KB            ok',
        'serve: code that a service with tokens loads        –  75 KB  84 KB  not measured',
        'serve: heavy modules in the bundle                  –      0      0  not measured',
        '',
      ].join('\n'),
    );
  });
});

describe('the median', () => {
  it.each([
    [[5], 5],
    [[9, 1, 10], 9],
    [[4, 1, 3, 2], 2.5],
  ])('of %j is %d', (values, expected) => {
    expect(median(values)).toBe(expected);
  });
});

describe('the options', () => {
  it('are all parts in three rounds by default', () => {
    expect(parseOptions([])).toEqual({ wanted: 'all', json: false, check: false, rounds: 3 });
  });

  it('name parts and how to tell', () => {
    expect(parseOptions(['inspect', '--json', 'upload', '--check', '--rounds', '5'])).toEqual({
      wanted: ['upload', 'inspect'],
      json: true,
      check: true,
      rounds: 5,
    });
  });

  it.each([[['speed']], [['--fast']], [['--rounds', '0']], [['--rounds', 'x']], [['--rounds']]])(
    'refuses %j',
    (args) => {
      expect(() => parseOptions(args)).toThrow(UsageError);
    },
  );
});

it('makes the same archive everywhere', async () => {
  const pieces: Buffer[] = [];
  for await (const piece of sourceTar({ directories: 2, filesEach: 3 })) pieces.push(piece);
  expect(sha256(Buffer.concat(pieces))).toBe('47ed7e2b63e53017cc39d18b250a1101f0b80dca0a790a80e91e78a075c25575');
});

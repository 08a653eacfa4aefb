import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { dollars, fixedTable, requestTable, summaryTable, transferTable } from './cost-table.ts';
import { costOf, requestCost, transferCost } from './monthly-cost.ts';

const page = readFileSync(new URL('../../docs/cost.md', import.meta.url), 'utf8');

describe('the monthly cost', () => {
  it('prices each part of an amount by its own tier', () => {
    const tiers = [
      [0, 3],
      [10, 2],
      [20, 1],
    ] as const;

    expect([0, 5, 10, 15, 25].map((amount) => costOf(amount, tiers))).toEqual([0, 15, 30, 40, 55]);
  });

  it('counts two API requests, two runs and two S3 requests for each lock', () => {
    const { api, lambda, s3, logs, all } = requestCost(1e6);

    expect([api, lambda, s3, logs].map((part) => part.toFixed(2))).toEqual(['2.00', '0.53', '0.80', '2.00']);
    expect(all).toBeCloseTo(api + lambda + s3 + logs);
  });

  it('prices 50 TB of transfer in two tiers', () => {
    expect(transferCost(1e6, 0.05)).toBeCloseTo(10_240 * 0.09 + 39_760 * 0.085);
  });

  it.each([
    [0.0512, '$0.05'],
    [9.999, '$10.00'],
    [45.2, '$45'],
    [254_321, '$254,000'],
  ])('rounds %d to %s', (amount, text) => {
    expect(dollars(amount)).toBe(text);
  });
});

describe('docs/cost.md', () => {
  it.each([
    ['requests', requestTable],
    ['bytes out', transferTable],
    ['fixed costs', fixedTable],
  ])('has the table of %s that npm run cost prints', (_, table) => {
    expect(page).toContain(`\n\n${table()}\n\n`);
  });
});

describe('README.md', () => {
  it('has the summary table that is computed', () => {
    expect(readFileSync(new URL('../../README.md', import.meta.url), 'utf8')).toContain(`\n\n${summaryTable()}\n\n`);
  });
});

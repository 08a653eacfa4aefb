import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { costOf } from './cost/cost-of.ts';
import { dollars, requestTable, standingTable, summaryTable, transferTable } from './cost/cost-table.ts';
import { requestCost, transferCost } from './cost/monthly-cost.ts';

const page = readFileSync(new URL('../docs/cost.md', import.meta.url), 'utf8');

describe('the cost', () => {
  it('of each part of an amount is by its own tier', () => {
    const tiers = [
      [0, 3],
      [10, 2],
      [20, 1],
    ] as const;

    expect([0, 5, 10, 15, 25].map((amount) => costOf(amount, tiers))).toEqual([0, 15, 30, 40, 55]);
  });

  it('of a million locks is two million requests and runs, and two million of S3', () => {
    const { api, lambda, s3, logs, all } = requestCost(1e6);

    expect([api, lambda, s3, logs].map((part) => part.toFixed(2))).toEqual(['2.00', '0.53', '0.80', '2.00']);
    expect(all).toBeCloseTo(api + lambda + s3 + logs);
  });

  it('of 50 TB out is of two tiers', () => {
    expect(transferCost(1e6, 0.05)).toBeCloseTo(10_240 * 0.09 + 39_760 * 0.085);
  });

  it.each([
    [0.0512, '$0.05'],
    [9.999, '$10.00'],
    [45.2, '$45'],
    [254_321, '$254,000'],
  ])('%d is written %s', (amount, text) => {
    expect(dollars(amount)).toBe(text);
  });
});

describe('docs/cost.md', () => {
  it.each([
    ['requests', requestTable],
    ['bytes out', transferTable],
    ['what is there anyway', standingTable],
  ])('has the table of %s as it is computed: npm run cost', (_, table) => {
    expect(page).toContain(`\n\n${table()}\n\n`);
  });
});

describe('the README', () => {
  it('has both in one table', () => {
    expect(readFileSync(new URL('../README.md', import.meta.url), 'utf8')).toContain(`\n\n${summaryTable()}\n\n`);
  });
});

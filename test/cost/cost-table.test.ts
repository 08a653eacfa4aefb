import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { deliveryTable, dollars, fixedTable, requestTable, summaryTable, transferTable } from './cost-table.ts';
import {
  bucketCost,
  cloudFrontCost,
  costOf,
  edgeRefreshCost,
  planFor,
  plans,
  refreshCost,
  requestCost,
  transferCost,
} from './monthly-cost.ts';

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

  it('counts one request to S3 or CloudFront for each download, and prices its bytes in tiers', () => {
    expect(bucketCost(1e6, 0.05)).toBeCloseTo(0.4 + 10_240 * 0.09 + 39_760 * 0.085);
    expect(cloudFrontCost(1e6, 0.05)).toBeCloseTo(1 + 10_240 * 0.085 + 39_760 * 0.08);
  });

  it('counts one API request, one run and no S3 request for each refresh', () => {
    expect(refreshCost(2e6)).toBeCloseTo(requestCost(1e6).all - requestCost(1e6).s3);
  });

  it('counts for refreshes at the edge the requests to CloudFront, and what its caches ask again', () => {
    expect(edgeRefreshCost(1e6, 1)).toBeCloseTo(1 + refreshCost(1e6));
    expect(edgeRefreshCost(1e8, 1)).toBeCloseTo(100 + refreshCost(15 * 86_400));
  });

  it.each([
    [1e6, 0.0001, 0],
    [1e6, 0.0002, 15],
    [1e7 + 1, 0.000_01, 200],
    [1e6, 0.05, 15],
    [1e6, 0.051, 1_450],
    [6e9, 0.000_001, 10_000],
    [6e9 + 1, 0.000_001, undefined],
    [1e6, 0.61, undefined],
  ])('finds for %d locks of %d GB the cheapest plan that allows them, at $%s', (locks, gigabytes, price) => {
    expect(planFor(locks, gigabytes)?.price).toBe(price);
  });

  it('has plans that each allow more than the one before', () => {
    for (const [index, plan] of plans.entries()) {
      const before = plans[index - 1];
      if (before === undefined) continue;
      expect(plan.price).toBeGreaterThan(before.price);
      expect(plan.requests).toBeGreaterThan(before.requests);
      expect(plan.gigabytes).toBeGreaterThanOrEqual(before.gigabytes);
    }
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
    ['both deliveries', deliveryTable],
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

import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Limits, type Storm, simulateStorm } from './cold-start-storm.ts';
import { edgeTable, growthTable, stormTable } from './scale-table.ts';

const wide: Limits = { gatewayRate: 1e6, gatewayBurst: 1e6, concurrency: 1e5 };

const storm = (changes: Partial<Storm>) =>
  simulateStorm({ machines: 1, spreadSeconds: 0, requests: 1, limits: wide, ...changes });

describe('simulateStorm', () => {
  it('starts an instance for a machine, which asks it twice if there is a new release', () => {
    const calm = { coldStarts: 1, maxConcurrency: 1, refused429: 0, throttled503: 0, failed: 0 };

    expect(storm({})).toMatchObject(calm);
    expect(storm({}).medianSeconds).toBeCloseTo(0.6);
    expect(storm({ requests: 2 })).toMatchObject(calm);
    expect(storm({ requests: 2 }).medianSeconds).toBeCloseTo(0.6 + 0.05 + 0.02);
  });

  it('starts an instance for each machine that comes at once, and one for all that come one after the other', () => {
    expect(storm({ machines: 500 })).toMatchObject({ coldStarts: 500, maxConcurrency: 500 });
    expect(storm({ machines: 500, spreadSeconds: 500 })).toMatchObject({ coldStarts: 1, maxConcurrency: 1 });
  });

  it('starts at most 1,000 instances at once and 100 a second after that; the others are throttled and come again', () => {
    const outcome = storm({ machines: 1_500 });

    expect(outcome.coldStarts).toBeLessThan(1_100);
    expect(outcome.throttled503).toBeGreaterThanOrEqual(500);
    expect(outcome.failed).toBe(0);
  });

  it('throttles what is beyond the concurrency, and machines give up after five attempts', () => {
    const outcome = storm({ machines: 5_000, limits: { ...wide, concurrency: 1 } });

    expect(outcome).toMatchObject({ coldStarts: 1, maxConcurrency: 1 });
    expect(outcome.failed).toBeGreaterThan(4_000);
    expect(outcome.throttled503).toBeGreaterThanOrEqual(5 * outcome.failed);
  });

  it('runs at most ten requests a second for each instance of the limit', () => {
    const outcome = storm({ machines: 1_000, spreadSeconds: 10, limits: { ...wide, concurrency: 5 } });

    expect(outcome.coldStarts).toBeLessThanOrEqual(5);
    expect(outcome.throttled503).toBeGreaterThan(300);
  });

  it('refuses what is beyond the burst and the rate of the gateway for a minute or more', () => {
    const outcome = storm({ machines: 100, limits: { ...wide, gatewayRate: 1, gatewayBurst: 40 } });

    expect(outcome.refused429).toBeGreaterThanOrEqual(60);
    expect(outcome.failed).toBe(0);
    expect(outcome.medianSeconds).toBeGreaterThanOrEqual(60);
    expect(outcome.medianSeconds).toBeLessThan(60 * Math.SQRT2 + 1);
  });

  it('is the same in each run, counts each machine once, and keeps to the limits', () => {
    const storms = fc.record({
      machines: fc.integer({ min: 1, max: 400 }),
      spreadSeconds: fc.double({ min: 0, max: 100, noNaN: true }),
      requests: fc.constantFrom<1 | 2>(1, 2),
      limits: fc.record({
        gatewayRate: fc.integer({ min: 1, max: 1_000 }),
        gatewayBurst: fc.integer({ min: 1, max: 1_000 }),
        concurrency: fc.integer({ min: 1, max: 1_000 }),
      }),
    });
    fc.assert(
      fc.property(storms, (given) => {
        const outcome = simulateStorm(given);

        expect(simulateStorm(given)).toEqual(outcome);
        expect(outcome.coldStarts).toBeLessThanOrEqual(given.limits.concurrency);
        expect(outcome.maxConcurrency).toBeLessThanOrEqual(outcome.coldStarts);
        expect(outcome.failed).toBeLessThan(given.machines);
        // Without a refusal nobody waits.
        if (outcome.refused429 + outcome.throttled503 === 0) expect(outcome.p99Seconds).toBeLessThan(1.3);
        else expect(outcome.refused429 + outcome.throttled503).toBeGreaterThanOrEqual(5 * outcome.failed);
        expect(outcome.medianSeconds).toBeLessThanOrEqual(outcome.p99Seconds);
      }),
      { numRuns: 60 },
    );
  });
});

describe('docs/scale.md', () => {
  const page = readFileSync(new URL('../../docs/scale.md', import.meta.url), 'utf8');

  it.each([
    ['storms', stormTable],
    ['fleets', growthTable],
    ['refreshes', edgeTable],
  ])('has the table of %s that npm run cost prints', (_, table) => {
    expect(page).toContain(`\n\n${table()}\n\n`);
  });
});

import type { Tier } from './prices.ts';

/** What an amount costs where each part of it is paid by the tier that it falls into. */
export const costOf = (amount: number, tiers: readonly Tier[]): number =>
  tiers.reduce((sum, [from, price], index) => {
    const upTo = tiers[index + 1]?.[0] ?? Number.POSITIVE_INFINITY;
    return sum + Math.max(0, Math.min(amount, upTo) - from) * price;
  }, 0);

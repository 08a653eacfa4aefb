/** The middle one, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('the median of nothing');
  const sorted = values.toSorted((one, other) => one - other);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}

/** What was measured on the way to a figure. */
export interface Detail {
  readonly what: string;
  readonly median: number;
  readonly best: number;
  readonly unit: string;
}

export const detail = (what: string, values: readonly number[], unit: string): Detail => ({
  what,
  median: Number(median(values).toPrecision(4)),
  best: Number(Math.min(...values).toPrecision(4)),
  unit,
});

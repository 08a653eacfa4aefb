import { type Figure, type FigureName, figures, type Part } from './figures.ts';

export type Status = 'ok' | 'over-goal' | 'over-guard' | 'not-measured';
export type Values = Partial<Record<FigureName, number>>;

export interface Row {
  readonly name: string;
  /** Null when it was not measured. */
  readonly value: number | null;
  readonly goal: number;
  readonly guard: number;
  readonly unit: string;
  readonly status: Status;
}

export function statusOf({ goal, guard, better }: Figure, value: number | undefined): Status {
  if (value === undefined) return 'not-measured';
  const beyond = (limit: number): boolean => (better === 'less' ? value > limit : value < limit);
  if (beyond(guard)) return 'over-guard';
  return beyond(goal) ? 'over-goal' : 'ok';
}

/** The rows of some parts; of all of them, also those that nothing measures yet. */
export function rowsOf(values: Values, wanted: readonly Part[] | 'all'): readonly Row[] {
  return figures
    .filter((figure: Figure) => wanted === 'all' || (figure.part !== undefined && wanted.includes(figure.part)))
    .map((figure) => {
      const { name, goal, guard, unit } = figure;
      const value = values[name];
      const status = statusOf(figure, value);
      return { name, value: value === undefined ? null : Number(value.toPrecision(4)), goal, guard, unit, status };
    });
}

import type { Datum } from './emf-data.ts';
import type { ShownMetric } from './read-dashboard.ts';

export interface Window {
  /** Milliseconds since 1970. */
  readonly begin: number;
  readonly end: number;
}

/** A line of a graph: a value for each period, or undefined if there is no data. */
export interface Series {
  readonly label: string;
  readonly axis: 'left' | 'right';
  readonly values: readonly (number | undefined)[];
}

function statisticOf(values: readonly number[], statistic: string): number | undefined {
  if (values.length === 0) return undefined;
  const sum = values.reduce((total, value) => total + value, 0);
  if (statistic === 'Sum') return sum;
  if (statistic === 'SampleCount') return values.length;
  if (statistic === 'Average') return sum / values.length;
  if (statistic === 'Maximum') return Math.max(...values);
  const rank = Number(/^p(\d+)$/.exec(statistic)?.[1]) / 100;
  if (Number.isNaN(rank)) throw new Error(`The statistic ${statistic} is not supported`);
  return [...values].sort((one, other) => one - other)[Math.min(values.length - 1, Math.floor(rank * values.length))];
}

const isOf = ({ namespace, name, dimensions, anyOf }: ShownMetric, datum: Datum): boolean =>
  datum.namespace === namespace &&
  datum.name === name &&
  Object.keys(datum.dimensions).length === Object.keys(dimensions).length + anyOf.length &&
  Object.entries(dimensions).every(([key, value]) => datum.dimensions[key] === value);

/** The lines of a metric of the dashboard in this window: one, or for a search one per combination of dimension values. */
export function seriesOf(shown: ShownMetric, data: readonly Datum[], { begin, end }: Window): Series[] {
  const periods = Math.max(1, Math.round((end - begin) / (shown.period * 1_000)));
  const found = new Map<string, number[][]>();
  if (shown.anyOf.length === 0) found.set(shown.label, []);
  for (const datum of data) {
    if (!isOf(shown, datum) || datum.time < begin || datum.time >= end) continue;
    const label = shown.anyOf.length === 0 ? shown.label : shown.anyOf.map((key) => datum.dimensions[key]).join(' · ');
    const bins = found.get(label) ?? [];
    const place = Math.floor(((datum.time - begin) / (end - begin)) * periods);
    bins[place] = [...(bins[place] ?? []), datum.value];
    found.set(label, bins);
  }
  return [...found].map(([label, bins]) => ({
    label,
    axis: shown.axis,
    values: Array.from({ length: periods }, (_, place) => statisticOf(bins[place] ?? [], shown.statistic)),
  }));
}

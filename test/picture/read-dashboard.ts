/** A series that a graph shows, or a search for some. */
export interface ShownMetric {
  readonly namespace: string;
  readonly name: string;
  /** Of a search, only the dimensions with a fixed value; the others are in `anyOf`. */
  readonly dimensions: Readonly<Record<string, string>>;
  /** The dimensions for which a search accepts every value. */
  readonly anyOf: readonly string[];
  readonly statistic: string;
  /** Seconds. */
  readonly period: number;
  readonly label: string;
  readonly axis: 'left' | 'right';
}

export interface Widget {
  readonly type: 'metric' | 'log' | 'text' | 'alarm';
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly title: string;
  readonly view: string;
  readonly stacked: boolean;
  readonly metrics: readonly ShownMetric[];
  readonly query: string;
  readonly markdown: string;
  readonly alarms: readonly string[];
  /** The labels of the axes. */
  readonly units: readonly string[];
}

// biome-ignore lint/suspicious/noExplicitAny: the JSON of a dashboard, which only its tests and its picture read
type Json = any;

const search = /^SEARCH\('\{([^}]*)\} MetricName="(\w+)"((?: \w+="[^"]*")*)', '(\w+)', \d+\)$/;

function searched({ expression }: { readonly expression: string }): ShownMetric {
  const [, schema, name, filters, statistic] = search.exec(expression) ?? [];
  if (schema === undefined || name === undefined || statistic === undefined)
    throw new Error(`This expression of the dashboard is not supported: ${expression}`);
  const [namespace = '', ...known] = schema.split(',');
  const dimensions = Object.fromEntries(
    [...(filters ?? '').matchAll(/ (\w+)="([^"]*)"/g)].map(([, key = '', value = '']) => [key, value]),
  );
  const anyOf = known.filter((dimension) => !(dimension in dimensions));
  return { namespace, name, dimensions, anyOf, statistic, period: 300, label: '', axis: 'left' };
}

/** `[namespace, name, dimension, value, …, options]` (CloudWatch API reference, "Dashboard Body Structure and Syntax"). */
function shown(entry: Json[]): ShownMetric {
  if (typeof entry[0] !== 'string') return searched(entry[0]);
  const options = typeof entry.at(-1) === 'object' ? entry.at(-1) : {};
  const [namespace = '', name = '', ...pairs] = entry.filter((part): part is string => typeof part === 'string');
  const dimensions: Record<string, string> = {};
  for (let place = 0; place < pairs.length; place += 2) dimensions[pairs[place] as string] = pairs[place + 1] as string;
  const { stat: statistic = 'Average', period = 300, label = name, yAxis: axis = 'left' } = options;
  return { namespace, name, dimensions, anyOf: [], statistic, period, label, axis };
}

/** @param body the dashboard's JSON, with any text in place of CloudFormation's references */
export function readDashboard(body: string): readonly Widget[] {
  return JSON.parse(body).widgets.map(({ type, x, y, width, height, properties }: Json) => ({
    type,
    x,
    y,
    width,
    height,
    title: properties.title ?? '',
    view: properties.view ?? '',
    stacked: properties.stacked ?? false,
    metrics: (properties.metrics ?? []).map(shown),
    query: properties.query ?? '',
    markdown: properties.markdown ?? '',
    alarms: properties.alarms ?? [],
    units: ['left', 'right'].map((side) => properties.yAxis?.[side]?.label ?? ''),
  }));
}

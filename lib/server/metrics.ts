import {
  AggregatorRegistry,
  Counter,
  Gauge,
  Histogram,
  type MetricObjectWithValues,
  type MetricValue,
  Registry,
} from 'prom-client';
import { type Dimension, type MetricName, type MetricValues, metrics, namespace } from '../domain/metrics.ts';

/** What the schedule measures: the newest value counts, not the sum. */
const gauges: ReadonlySet<MetricName> = new Set([
  'Channels',
  'OverdueChannels',
  'OldestAge',
  'LateRemovals',
  'ChannelBytes',
  'RetiredBytes',
  'PolicyBytes',
]);

/** Seconds. A kept answer takes less than a millisecond, and a publish some seconds. */
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

const snakeCase = (name: string): string => name.replaceAll(/(?<=[a-z\d])(?=[A-Z])/g, '_').toLowerCase();

/** `PublishedBytes` is `nix_channels_published_bytes_total`, `Latency` is `nix_channels_latency_seconds`. */
function prometheusName(name: MetricName): string {
  const { unit } = metrics[name];
  const base = `${snakeCase(namespace)}_${snakeCase(name)}`;
  if (unit === 'Milliseconds' || unit === 'Seconds') return `${base}_seconds`;
  return gauges.has(name) ? base : `${base}_total`;
}

/** Prometheus knows a service by its job and instance. */
const labelsOf = (name: MetricName): Dimension[] =>
  (metrics[name].dimensions as readonly Dimension[]).filter((dimension) => dimension !== 'service');

type Observe = (labels: Readonly<Record<string, string>>, value: number) => void;

function registered(name: MetricName, registry: Registry): Observe {
  const options = {
    name: prometheusName(name),
    help: `${name} in the namespace ${namespace} of CloudWatch, described in docs/operate.md`,
    labelNames: labelsOf(name).map(snakeCase),
    registers: [registry],
  };
  if (metrics[name].unit === 'Milliseconds') {
    const histogram = new Histogram({ ...options, buckets });
    return (labels, value) => histogram.observe(labels, value / 1_000);
  }
  if (gauges.has(name)) {
    const gauge = new Gauge({ ...options, aggregator: 'max' });
    return (labels, value) => gauge.set(labels, value);
  }
  const counter = new Counter(options);
  return (labels, value) => counter.inc(labels, value);
}

export type WorkerMetrics = readonly MetricObjectWithValues<MetricValue<string>>[];

export interface RequestMetrics {
  /** Takes what a function counts. @param fields with a value for each label */
  readonly count: (values: MetricValues, fields: Readonly<Record<string, unknown>>) => void;
  readonly collect: () => Promise<WorkerMetrics>;
}

/**
 * Prometheus' metrics from the same numbers as those of CloudWatch, so that both count the same. Labels have values from fixed
 * lists only; a channel is one of them if the settings name it.
 */
export function requestMetrics(): RequestMetrics {
  const registry = new Registry();
  const names = Object.keys(metrics) as MetricName[];
  const observers = new Map(
    names.map((name) => {
      const labels = labelsOf(name).map((label) => [label, snakeCase(label)] as const);
      return [name, { observe: registered(name, registry), labels }];
    }),
  );
  return {
    count(values, fields) {
      for (const [name, value] of Object.entries(values) as [MetricName, number][]) {
        const observer = observers.get(name);
        if (observer === undefined) continue;
        const labels: Record<string, string> = {};
        for (const [field, label] of observer.labels) labels[label] = String(fields[field] ?? '');
        observer.observe(labels, value);
      }
    },
    collect: () => registry.getMetricsAsJSON(),
  };
}

/** In Prometheus' text format: the sums of all workers, of gauges the greatest. */
export async function metricsText(workers: readonly WorkerMetrics[]): Promise<string> {
  return AggregatorRegistry.aggregate([...workers] as unknown as object[]).metrics();
}

export const metricsContentType = Registry.PROMETHEUS_CONTENT_TYPE;

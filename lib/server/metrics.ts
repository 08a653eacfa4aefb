import {
  AggregatorRegistry,
  Counter,
  Gauge,
  Histogram,
  type MetricObjectWithValues,
  type MetricValue,
  Registry,
} from 'prom-client';
import { type Dimension, type MetricName, metrics, namespace } from '../domain/metrics.ts';

/** What the schedule measures: the newest value counts, not the sum. */
const gauges: ReadonlySet<MetricName> = new Set(['Channels', 'OverdueChannels', 'OldestAge']);

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

export interface LineMetrics {
  /** Takes a line of the functions, counts what it measures, and returns it without what is for CloudWatch only. */
  readonly count: (line: string) => string;
  readonly collect: () => Promise<WorkerMetrics>;
}

interface EmbeddedMetrics {
  readonly CloudWatchMetrics: readonly { readonly Metrics: readonly { readonly Name: MetricName }[] }[];
}

/**
 * Prometheus' metrics from the same lines as those of CloudWatch ("Specification: Embedded metric format"), so that both count
 * the same. Labels have values from fixed lists only; a channel is one of them if the settings name it.
 */
export function lineMetrics(): LineMetrics {
  const registry = new Registry();
  const names = Object.keys(metrics) as MetricName[];
  const observers = new Map(
    names.map((name) => [name, { observe: registered(name, registry), labels: labelsOf(name) }]),
  );
  return {
    count(line) {
      if (!line.startsWith('{"_aws"')) return line;
      const { _aws, ...fields } = JSON.parse(line) as { _aws: EmbeddedMetrics } & Readonly<Record<string, unknown>>;
      for (const { Metrics } of _aws.CloudWatchMetrics)
        for (const { Name } of Metrics) {
          const observer = observers.get(Name);
          const value = fields[Name];
          if (observer === undefined || typeof value !== 'number') continue;
          const labels = Object.fromEntries(
            observer.labels.map((label) => [snakeCase(label), String(fields[label] ?? '')]),
          );
          observer.observe(labels, value);
        }
      return `${JSON.stringify(fields)}\n`;
    },
    collect: () => registry.getMetricsAsJSON(),
  };
}

/** In Prometheus' text format: the sums of all workers, of gauges the greatest. */
export async function metricsText(workers: readonly WorkerMetrics[]): Promise<string> {
  return AggregatorRegistry.aggregate([...workers] as unknown as object[]).metrics();
}

export const metricsContentType = Registry.PROMETHEUS_CONTENT_TYPE;

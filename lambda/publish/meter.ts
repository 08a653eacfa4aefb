import { Metrics } from '@aws-lambda-powertools/metrics';
import { type Dimension, type MetricName, type MetricValues, metrics, namespace } from '../../lib/domain/metrics.ts';

/** Counts. The dimensions are those that the metrics have beside the stack's name. */
export type Meter = (values: MetricValues, dimensions?: Readonly<Partial<Record<Dimension, string>>>) => void;

export interface MeterOptions {
  /** The stack's name. */
  readonly service: string;
  readonly now: () => number;
  readonly write: (line: string) => void;
}

/** A meter that writes a line in the embedded metric format for each set of dimensions among its metrics. */
export function createMeter({ service, now, write }: MeterOptions): Meter {
  return (values, dimensions = {}) => {
    const bySet = new Map<string, Metrics>();
    for (const [name, value] of Object.entries(values) as [MetricName, number][]) {
      const metric = metrics[name];
      const set = metric.dimensions.join();
      const known = bySet.get(set);
      const emf = known ?? new Metrics({ namespace, serviceName: service });
      if (known === undefined) {
        bySet.set(set, emf);
        for (const dimension of metric.dimensions)
          if (dimension !== 'service') emf.addDimension(dimension, dimensions[dimension] || 'unknown');
      }
      emf.addMetric(name, metric.unit, value);
    }
    for (const emf of bySet.values()) {
      // Written here rather than by Powertools, which is silent where an environment variable of its own says so.
      const { _aws, ...members } = emf.serializeMetrics();
      write(`${JSON.stringify({ _aws: { ..._aws, Timestamp: now() }, ...members })}\n`);
    }
  };
}

import { Duration } from 'aws-cdk-lib';
import { MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { type Dimension, type MetricName, metrics, namespace } from '../../domain/metrics.ts';

type Others = Readonly<Partial<Record<Exclude<Dimension, 'service'>, string>>>;

const period = Duration.minutes(5);

/** One of the functions' metrics, with a value for each of its dimensions. */
export function ownMetric(
  service: string,
  name: MetricName,
  statistic: string,
  options: { readonly label?: string; readonly others?: Others } = {},
): Metric {
  const { others = {}, label } = options;
  const missing = metrics[name].dimensions.find((dimension) => dimension !== 'service' && !(dimension in others));
  if (missing !== undefined) throw new Error(`The metric ${name} needs a value for ${missing}.`);
  return new Metric({
    namespace,
    metricName: name,
    dimensionsMap: { service, ...others },
    statistic,
    period,
    ...(label === undefined ? {} : { label }),
  });
}

/** All series of a metric, whatever values its dimensions have taken. Alarms cannot look at a search. */
export const ownSearch = (service: string, name: MetricName, statistic: string): MathExpression =>
  new MathExpression({
    expression: `SEARCH('{${[namespace, ...metrics[name].dimensions].join()}} MetricName="${name}" service="${service}"', '${statistic}', ${period.toSeconds()})`,
    label: '',
    period,
    usingMetrics: {},
  });

/** What the gateway refused because of its limits; counted from its access log, for it has no metric of its own. */
export const throttledMetric = (service: string): Metric =>
  new Metric({ namespace: `${namespace}/${service}`, metricName: 'Throttled', statistic: 'Sum', period });

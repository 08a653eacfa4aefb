import { Duration } from 'aws-cdk-lib';
import type { HttpApi } from 'aws-cdk-lib/aws-apigatewayv2';
import type { Distribution } from 'aws-cdk-lib/aws-cloudfront';
import {
  GraphWidget,
  type IMetric,
  LogQueryVisualizationType,
  LogQueryWidget,
  MathExpression,
  Metric,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import { type Dimension, type MetricName, metrics, namespace } from '../../domain/metrics.ts';
import type { ReleaseTransition } from '../settings/bucket-settings.ts';

interface Graph {
  readonly title: string;
  readonly left: readonly IMetric[];
  readonly right?: readonly IMetric[];
  /** The labels of the axes. */
  readonly unit: string;
  readonly rightUnit?: string;
  readonly stacked?: boolean;
  readonly width: number;
  /** How far back it shows, if not as far as the dashboard: `-P14D`. */
  readonly start?: string;
}

export const graph = ({
  title,
  left,
  right = [],
  unit,
  rightUnit,
  stacked = false,
  width,
  start,
}: Graph): GraphWidget =>
  new GraphWidget({
    title,
    left: [...left],
    right: [...right],
    leftYAxis: { label: unit, showUnits: false, min: 0 },
    ...(rightUnit === undefined ? {} : { rightYAxis: { label: rightUnit, showUnits: false, min: 0 } }),
    stacked,
    width,
    height: 6,
    ...(start === undefined ? {} : { start }),
  });

interface LogTable {
  readonly title: string;
  readonly logs: readonly ILogGroup[];
  /** CloudWatch Logs Insights. */
  readonly query: readonly string[];
  readonly width: number;
}

export const logTable = ({ title, logs, query, width }: LogTable): LogQueryWidget =>
  new LogQueryWidget({
    title,
    logGroupNames: logs.map(({ logGroupName }) => logGroupName),
    queryLines: [...query],
    view: LogQueryVisualizationType.TABLE,
    width,
    height: 6,
  });

/** What dashboard and alarms observe. */
export interface Observed {
  /** The stack's name, a dimension of the functions' metrics. */
  readonly service: string;
  readonly api: HttpApi;
  /** Undefined if the bucket is not on AWS. */
  readonly bucketName: string | undefined;
  readonly releaseTransition?: ReleaseTransition | undefined;
  readonly serve: IFunction;
  readonly publish: IFunction;
  readonly serveLog: ILogGroup;
  readonly publishLog: ILogGroup;
  readonly accessLog: ILogGroup;
  /** Undefined if readers download from the bucket. */
  readonly distribution?: Distribution | undefined;
  /** Channels with metrics of their own. */
  readonly metricChannels: readonly string[];
}

type OtherDimensions = Readonly<Partial<Record<Exclude<Dimension, 'service'>, string>>>;

const period = Duration.minutes(5);

/** One of the functions' metrics, with a value for each of its dimensions. */
export function ownMetric(
  service: string,
  name: MetricName,
  statistic: string,
  options: { readonly label?: string; readonly others?: OtherDimensions } = {},
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

/** All series of a metric, for all values of its dimensions. Alarms cannot use a search. */
export const ownSearch = (service: string, name: MetricName, statistic: string): MathExpression =>
  new MathExpression({
    expression: `SEARCH('{${[namespace, ...metrics[name].dimensions].join()}} MetricName="${name}" service="${service}"', '${statistic}', ${period.toSeconds()})`,
    label: '',
    period,
    usingMetrics: {},
  });

/** Requests that API Gateway refused because of its limits. It has no metric for them, so they are counted from the access log. */
export const throttledMetric = (service: string): Metric =>
  new Metric({ namespace: `${namespace}/${service}`, metricName: 'Throttled', statistic: 'Sum', period });

/**
 * CloudFront has its metrics in one region, whichever the stack's is (developer guide, "Get metrics using the CloudWatch API"):
 * a dashboard can show them from there, an alarm can only be there.
 */
export const deliveryMetricRegion = 'us-east-1';

type DeliveryMetric = 'Requests' | 'BytesDownloaded' | '4xxErrorRate' | '5xxErrorRate' | 'CacheHitRate';

export const deliveryMetric = ({ distributionId }: Distribution, metricName: DeliveryMetric, label?: string): Metric =>
  new Metric({
    namespace: 'AWS/CloudFront',
    metricName,
    dimensionsMap: { DistributionId: distributionId, Region: 'Global' },
    region: deliveryMetricRegion,
    statistic: metricName.endsWith('Rate') ? 'Average' : 'Sum',
    period,
    ...(label === undefined ? {} : { label }),
  });

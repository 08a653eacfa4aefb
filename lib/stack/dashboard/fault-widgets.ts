import { Duration } from 'aws-cdk-lib';
import type { IWidget } from 'aws-cdk-lib/aws-cloudwatch';
import { graph, logTable, type Observed, ownMetric, ownSearch, throttledMetric } from './graph.ts';

/** Errors, refused requests, stale answers and failed authentication. */
export function faultWidgets({ service, api, serve, publish, serveLog, publishLog }: Observed): IWidget[][] {
  const sum = (label: string) => ({ label, statistic: 'Sum', period: Duration.minutes(5) });
  const s3Errors = (name: 'serve' | 'publish') =>
    ownMetric(service, 'S3Errors', 'Sum', { label: `S3, ${name}`, others: { function: name } });
  return [
    [
      graph({
        title: 'Errors',
        left: [
          api.metricServerError(sum('gateway 5xx')),
          serve.metricErrors(sum('serve failed')),
          publish.metricErrors(sum('publish failed')),
          s3Errors('serve'),
          s3Errors('publish'),
        ],
        unit: 'count',
        width: 6,
      }),
      graph({
        title: 'Refused for want of capacity',
        left: [
          throttledMetric(service).with({ label: 'gateway 429' }),
          serve.metricThrottles(sum('serve throttled')),
          publish.metricThrottles(sum('publish throttled')),
        ],
        unit: 'count',
        width: 6,
      }),
      graph({
        title: 'Stale answers, given while S3 failed',
        left: [ownMetric(service, 'StaleAnswers', 'Sum', { label: 'stale answers' })],
        unit: 'answers',
        width: 6,
      }),
      graph({
        title: 'Authentication failures by reason',
        left: [ownSearch(service, 'AuthenticationFailures', 'Sum')],
        unit: 'requests',
        stacked: true,
        width: 6,
      }),
    ],
    [
      logTable({
        title: 'Errors in the logs',
        logs: [serveLog, publishLog],
        query: [
          'filter level = "error"',
          'fields @timestamp, message, requestId, route, key, coalesce(error, reason) as what',
          'sort @timestamp desc',
          'limit 20',
        ],
        width: 24,
      }),
    ],
  ];
}

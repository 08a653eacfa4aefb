import { Duration } from 'aws-cdk-lib';
import { type IWidget, Metric, TextWidget } from 'aws-cdk-lib/aws-cloudwatch';
import { graph, logTable, type Observed, ownMetric, ownSearch } from './graph.ts';

/** Publish operations: by whom, how many, and how long they took. */
export function publishingWidgets({ service, publishLog }: Observed): IWidget[][] {
  const own = (name: 'Publishes' | 'Conflicts' | 'FailedPublishes' | 'PublishedBytes', label: string) =>
    ownMetric(service, name, 'Sum', { label });
  return [
    [
      logTable({
        title: 'Publishes',
        logs: [publishLog],
        query: [
          'filter message in ["published", "promote", "rollback", "yank"]',
          // Without backticks, `by` is a keyword of the query language.
          'fields @timestamp, message, channel, release, `by`',
          'sort @timestamp desc',
          'limit 20',
        ],
        width: 12,
      }),
      graph({
        title: 'Publish operations',
        left: [own('Publishes', 'releases'), own('Conflicts', 'conflicts'), own('FailedPublishes', 'failed')],
        right: [own('PublishedBytes', 'bytes published')],
        unit: 'count',
        rightUnit: 'bytes',
        width: 6,
      }),
      graph({
        title: 'Latency by operation (p95)',
        left: [ownSearch(service, 'OperationLatency', 'p95')],
        unit: 'ms',
        width: 6,
      }),
    ],
  ];
}

/** What the schedule measures once an hour when it lists the bucket, and what it removes. */
export function storageWidgets({ service, publishLog, metricChannels }: Observed): IWidget[][] {
  const hourly = { period: Duration.hours(1) };
  const own = (name: 'RetiredBytes' | 'PolicyBytes' | 'LateRemovals', label: string) =>
    ownMetric(service, name, 'Maximum', { label }).with(hourly);
  const channels = ['other', ...metricChannels].map((trackedChannel) =>
    ownMetric(service, 'ChannelBytes', 'Maximum', { label: trackedChannel, others: { trackedChannel } }).with(hourly),
  );
  return [
    [
      graph({ title: 'Bytes by channel', left: channels, unit: 'bytes', stacked: true, width: 6 }),
      graph({
        title: 'Bytes that go',
        left: [own('RetiredBytes', 'retired, still stored'), own('PolicyBytes', 'to be retired by policies')],
        right: [own('LateRemovals', 'removals that are late')],
        unit: 'bytes',
        rightUnit: 'releases',
        width: 6,
      }),
      logTable({
        title: 'Retired and removed releases',
        logs: [publishLog],
        query: [
          'filter message in ["retire", "unretire", "takedown", "expire"]',
          'fields @timestamp, message, channel, release, `by`, reason',
          'sort @timestamp desc',
          'limit 20',
        ],
        width: 12,
      }),
    ],
  ];
}

const note = `**What is paid for**

API Gateway by request, Lambda by run and by GB-second, S3 by GB stored, by GET, and by GB sent out of AWS.

Bytes go from S3 or CloudFront to the clients directly. Those of S3 are counted only where request metrics are turned on for the bucket, which
cost extra; this stack leaves them off. Cost Explorer has them under \`DataTransfer-Out-Bytes\`.`;

/** S3 user guide, "Metrics and dimensions": each storage class has a metric of its own. */
const storageTypes = { STANDARD_IA: 'StandardIAStorage', GLACIER_IR: 'GlacierInstantRetrievalStorage' } as const;

/** What the costs depend on. */
export function costWidgets({ api, bucketName, releaseTransition, serve, publish }: Observed): IWidget[][] {
  const sum = (label: string) => ({ label, statistic: 'Sum', period: Duration.hours(1) });
  const stored = (BucketName: string, StorageType: string, label: string): Metric =>
    new Metric({
      namespace: 'AWS/S3',
      metricName: 'BucketSizeBytes',
      dimensionsMap: { BucketName, StorageType },
      statistic: 'Average',
      period: Duration.days(1),
      label,
    });
  const classes: [string, string][] = [['StandardStorage', 'stored']];
  if (releaseTransition !== undefined) classes.push([storageTypes[releaseTransition.storageClass], 'moved']);
  return [
    [
      graph({
        title: 'Cost: requests',
        left: [
          api.metricCount(sum('API requests')),
          serve.metricInvocations(sum('runs of serve')),
          publish.metricInvocations(sum('runs of publish')),
        ],
        unit: 'an hour',
        width: 6,
      }),
      graph({
        title: 'Cost: compute',
        left: [serve.metricDuration(sum('serve')), publish.metricDuration(sum('publish'))],
        unit: 'ms an hour',
        stacked: true,
        width: 6,
      }),
      graph({
        title: 'Cost: storage, measured daily',
        left: bucketName === undefined ? [] : classes.map(([type, label]) => stored(bucketName, type, label)),
        right: [api.metricDataProcessed(sum('through the API'))],
        unit: 'bytes',
        rightUnit: 'bytes an hour',
        width: 6,
        start: '-P14D', // S3 reports one value per day, some days late
      }),
      new TextWidget({ markdown: note, width: 6, height: 6 }),
    ],
  ];
}

import type { IWidget } from 'aws-cdk-lib/aws-cloudwatch';
import { graph } from './graph.ts';
import { logTable } from './log-table.ts';
import type { Observed } from './observed.ts';
import { ownMetric, ownSearch } from './own-metrics.ts';

/** Who published what, and how it went. */
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
          // Bare, `by` is a word of the query language.
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

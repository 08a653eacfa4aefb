import { type IWidget, SingleValueWidget } from 'aws-cdk-lib/aws-cloudwatch';
import { graph } from './graph.ts';
import { logTable } from './log-table.ts';
import type { Observed } from './observed.ts';
import { ownMetric } from './own-metrics.ts';

/** How many channels there are, how old they are, and which are older than they allow themselves to be. */
export function freshnessWidgets({ service, publishLog }: Observed): IWidget[][] {
  const own = (name: 'Channels' | 'OverdueChannels' | 'OldestAge', label: string) =>
    ownMetric(service, name, 'Maximum', { label });
  return [
    [
      new SingleValueWidget({
        title: 'Channels',
        metrics: [own('Channels', 'channels'), own('OverdueChannels', 'over their limit')],
        width: 6,
        height: 6,
      }),
      graph({
        title: 'Freshness',
        left: [own('OldestAge', 'oldest latest release')],
        right: [own('OverdueChannels', 'over their limit')],
        unit: 'seconds',
        rightUnit: 'channels',
        width: 6,
      }),
      logTable({
        title: 'Channels over their limit',
        logs: [publishLog],
        query: [
          'filter message = "overdue" and ispresent(channel)',
          'stats latest(@timestamp) as lastSeen, latest(release) as latestRelease, latest(ageSeconds) as age, latest(limitSeconds) as allowed by channel',
          'sort lastSeen desc, age desc',
          'limit 50',
        ],
        width: 12,
      }),
    ],
  ];
}

import { type IWidget, SingleValueWidget } from 'aws-cdk-lib/aws-cloudwatch';
import { graph, logTable, type Observed, ownMetric, ownSearch } from './graph.ts';

/** Requests of readers, their latency and their results. */
export function readingWidgets({ service, serveLog, metricChannels }: Observed): IWidget[][] {
  const own = (name: Parameters<typeof ownMetric>[1], statistic: string, label: string) =>
    ownMetric(service, name, statistic, { label });
  const channels = ['other', ...metricChannels].map((trackedChannel) =>
    ownMetric(service, 'ChannelRequests', 'Sum', { label: trackedChannel, others: { trackedChannel } }),
  );
  return [
    [
      graph({
        title: 'Requests by route and outcome',
        left: [ownSearch(service, 'Requests', 'Sum')],
        unit: 'requests',
        stacked: true,
        width: 12,
      }),
      graph({
        title: 'Latency of the serve function',
        left: [own('Latency', 'p50', 'p50'), own('Latency', 'p95', 'p95'), own('Latency', 'p99', 'p99')],
        unit: 'ms',
        width: 6,
      }),
      graph({
        title: 'Cold starts and refreshes',
        left: [own('ColdStarts', 'Sum', 'cold starts'), own('Refreshes', 'Sum', 'refreshes')],
        unit: 'count',
        width: 6,
      }),
    ],
    [
      ...(metricChannels.length === 0
        ? []
        : [graph({ title: 'Requests by channel', left: channels, unit: 'requests', stacked: true, width: 12 })]),
      logTable({
        title: 'Channels most asked for',
        logs: [serveLog],
        query: [
          'filter message = "request" and route like "/channel/" and ispresent(channel)',
          'stats count(*) as requests, sum(strcontains(outcome, "not-modified")) as unchanged by channel',
          'sort requests desc',
          'limit 20',
        ],
        width: metricChannels.length === 0 ? 12 : 6,
      }),
      logTable({
        title: 'Clients',
        logs: [serveLog],
        query: [
          'filter message = "request" and ispresent(nix)',
          'stats count(*) as requests by nix',
          'sort requests desc',
          'limit 20',
        ],
        width: metricChannels.length === 0 ? 12 : 6,
      }),
    ],
  ];
}

/** The number and age of the channels, and those that are overdue. */
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

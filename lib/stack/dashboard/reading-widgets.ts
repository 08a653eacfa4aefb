import type { IWidget } from 'aws-cdk-lib/aws-cloudwatch';
import { graph } from './graph.ts';
import { logTable } from './log-table.ts';
import type { Observed } from './observed.ts';
import { ownMetric, ownSearch } from './own-metrics.ts';

/** Who reads what, how fast, and how it ends. */
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

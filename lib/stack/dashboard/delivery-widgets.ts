import type { IWidget } from 'aws-cdk-lib/aws-cloudwatch';
import { deliveryMetric, graph, type Observed } from './graph.ts';

/** Downloads from CloudFront: how many, how many bytes, how many from its caches, and which failed. */
export function deliveryWidgets({ distribution }: Observed): IWidget[][] {
  if (distribution === undefined) return [];
  const of = (name: Parameters<typeof deliveryMetric>[1], label: string) => deliveryMetric(distribution, name, label);
  return [
    [
      graph({
        title: 'Delivery: downloads',
        left: [of('Requests', 'requests')],
        right: [of('BytesDownloaded', 'bytes to readers')],
        unit: 'requests',
        rightUnit: 'bytes',
        width: 12,
      }),
      graph({
        title: 'Delivery: from the caches of CloudFront',
        left: [of('CacheHitRate', 'hits')],
        unit: 'percent',
        width: 6,
      }),
      graph({
        title: 'Delivery: errors',
        left: [of('4xxErrorRate', 'refused (4xx)'), of('5xxErrorRate', 'failed (5xx)')],
        unit: 'percent',
        width: 6,
      }),
    ],
  ];
}

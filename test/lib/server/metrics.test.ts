import { describe, expect, it } from '@jest/globals';
import { type MetricName, metrics } from '../../../lib/domain/metrics.ts';
import { metricsText, requestMetrics } from '../../../lib/server/metrics.ts';

const fields = {
  service: 's',
  function: 'serve',
  route: 'GET /x',
  outcome: 'page',
  reason: 'expired',
  trackedChannel: 'other',
};

describe('the metrics of a worker', () => {
  it('are those of CloudWatch, each of them, summed over the workers', async () => {
    const workers = [requestMetrics(), requestMetrics()];
    const values = Object.fromEntries(Object.keys(metrics).map((name) => [name, 2])) as Record<MetricName, number>;
    for (const worker of workers) worker.count(values, { ...fields, requestId: 'r', channel: 'hidden' });
    const text = await metricsText(await Promise.all(workers.map(({ collect }) => collect())));
    for (const line of [
      'nix_channels_requests_total{route="GET /x",outcome="page"} 4',
      'nix_channels_latency_seconds_sum 0.004',
      'nix_channels_latency_seconds_count 2',
      'nix_channels_authentication_failures_total{reason="expired"} 4',
      'nix_channels_channel_requests_total{tracked_channel="other"} 4',
      'nix_channels_s3_errors_total{function="serve"} 4',
      'nix_channels_published_bytes_total 4',
      'nix_channels_operation_latency_seconds_count{route="GET /x"} 2',
      // Measured, not counted: the greatest.
      'nix_channels_channels 2',
      'nix_channels_oldest_age_seconds 2',
    ])
      expect(text.split('\n')).toContain(line);
    expect(text.match(/^# TYPE/gm)).toHaveLength(Object.keys(metrics).length);
    expect(text).not.toContain('hidden');
  });
});

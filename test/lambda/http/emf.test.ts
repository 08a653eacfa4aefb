import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createMeter, emfLine } from '../../../lambda/http/emf.ts';
import { type MetricName, metrics } from '../../../lib/domain/metrics.ts';
import { emfData } from '../../picture/emf-data.ts';
import { anyText } from '../../support/any-text.ts';
import { brokenEmf } from '../../support/emf.ts';

const time = Date.parse('2026-01-01T00:00:00Z');
const dimensions = {
  service: 'Stack',
  function: 'serve',
  route: 'GET /channel/{channel}',
  outcome: 'page',
  reason: 'expired',
  trackedChannel: 'other',
};

describe('a line that is log and metrics', () => {
  it('holds the fields, the values, and where CloudWatch finds them', () => {
    const line = JSON.parse(emfLine({ ...dimensions, requestId: 'r' }, { Requests: 1, Latency: 2.5 }, time));

    expect(line).toEqual({
      _aws: {
        Timestamp: time,
        CloudWatchMetrics: [
          {
            Namespace: 'NixChannels',
            Dimensions: [['service', 'route', 'outcome']],
            Metrics: [{ Name: 'Requests', Unit: 'Count' }],
          },
          { Namespace: 'NixChannels', Dimensions: [['service']], Metrics: [{ Name: 'Latency', Unit: 'Milliseconds' }] },
        ],
      },
      ...dimensions,
      requestId: 'r',
      Requests: 1,
      Latency: 2.5,
    });
  });

  it('joins metrics of the same dimensions', () => {
    const line = JSON.parse(emfLine(dimensions, { ColdStarts: 1, Latency: 1, Refreshes: 2 }, time));

    expect(line._aws.CloudWatchMetrics).toHaveLength(1);
    expect(emfData(line).map(({ name, value }) => [name, value])).toEqual([
      ['ColdStarts', 1],
      ['Latency', 1],
      ['Refreshes', 2],
    ]);
  });

  it('is one line of the embedded metric format whatever its fields and metrics', () => {
    const names = fc.subarray(Object.keys(metrics) as MetricName[], { minLength: 1 });
    fc.assert(
      fc.property(names, fc.dictionary(anyText(), anyText()), fc.nat(), (chosen, fields, value) => {
        const values = Object.fromEntries(chosen.map((name) => [name, value]));
        const text = emfLine({ ...fields, ...dimensions }, values, time);

        expect(text.indexOf('\n')).toBe(text.length - 1);
        expect(brokenEmf(JSON.parse(text), time)).toEqual([]);
        expect(
          emfData(JSON.parse(text))
            .map(({ name }) => name)
            .sort(),
        ).toEqual([...chosen].sort());
      }),
    );
  });
});

describe('a meter', () => {
  it('writes the values, the fields and what all its lines have as one line', () => {
    const written: string[] = [];
    const common = { service: 'Stack', function: 'publish' };
    const meter = createMeter({ common, now: () => time, write: (line) => written.push(line) });
    meter({ S3Errors: 2 }, { level: 'info', message: 'request', function: 'somebody' });

    expect(written.map((line) => JSON.parse(line))).toEqual([
      JSON.parse(emfLine({ level: 'info', message: 'request', ...common }, { S3Errors: 2 }, time)),
    ]);
  });
});

describe('the check of the format', () => {
  const line = () => JSON.parse(emfLine(dimensions, { Requests: 1 }, time));

  it.each([
    ['a dimension without a value', (broken: ReturnType<typeof line>) => delete broken.route],
    ['a value that is no number', (broken: ReturnType<typeof line>) => (broken.Requests = '1')],
    [
      'an unknown unit',
      (broken: ReturnType<typeof line>) => (broken._aws.CloudWatchMetrics[0].Metrics[0].Unit = 'Bits'),
    ],
    ['a time in seconds', (broken: ReturnType<typeof line>) => (broken._aws.Timestamp /= 1_000)],
    ['a time in words', (broken: ReturnType<typeof line>) => (broken._aws.Timestamp = '2026')],
    ['no set of dimensions', (broken: ReturnType<typeof line>) => (broken._aws.CloudWatchMetrics[0].Dimensions = [])],
  ])('finds %s', (_, breakIt) => {
    const broken = line();
    breakIt(broken);

    expect(brokenEmf(broken, time)).not.toEqual([]);
  });
});

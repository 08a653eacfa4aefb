import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createMeter, describeError, emfLine, lineLog, logFrom, parseLogLevel } from '../../../lambda/http/log.ts';
import { type MetricName, metrics } from '../../../lib/domain/metrics.ts';
import { BadSetting } from '../../../lib/domain/problem.ts';
import { emfData } from '../../picture/emf-data.ts';
import { anyText } from '../../support/any-text.ts';
import { brokenEmf } from '../../support/emf.ts';

describe('the log', () => {
  it('is one line of JSON a call', () => {
    const written: string[] = [];
    const log = lineLog((line) => written.push(line));
    log('info', 'published', { channel: 'a\nb' });
    log('warn', 'stale');
    expect(written).toEqual([
      '{"level":"info","message":"published","channel":"a\\nb"}\n',
      '{"level":"warn","message":"stale"}\n',
    ]);
  });

  it('has in every line what the function is known by', () => {
    const written: string[] = [];
    lineLog((line) => written.push(line), { service: 'Stack', function: 'publish' })('warn', 'overdue', { age: 7 });

    expect(written).toEqual(['{"level":"warn","message":"overdue","service":"Stack","function":"publish","age":7}\n']);
  });

  it.each([
    ['an error', new TypeError('wrong'), 'TypeError: wrong'],
    ['a code', Object.assign(new Error('reset'), { code: 'ECONNRESET' }), 'Error: ECONNRESET: reset'],
    ['a cause', new Error('away', { cause: new Error('reset') }), 'Error: away ← Error: reset'],
    ['an error without a message', new Error(''), 'Error'],
    ['an object without a name', { message: 'odd' }, 'Error: odd'],
    ['a text', 'text', 'text'],
    ['null', null, 'null'],
    ['nothing', undefined, 'undefined'],
  ])('describes %s', (_, error, text) => {
    expect(describeError(error)).toBe(text);
  });
});

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
          {
            Namespace: 'NixChannels',
            Dimensions: [['service']],
            Metrics: [{ Name: 'Latency', Unit: 'Milliseconds' }],
          },
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

describe('the log level', () => {
  it.each([
    ['info', ['info', 'warn', 'error']],
    ['warn', ['warn', 'error']],
    ['error', ['error']],
  ] as const)('at %s writes %j', (least, expected) => {
    const written: string[] = [];
    const log = logFrom(least, (level, message, fields) => written.push(`${level} ${message} ${fields?.a}`));
    for (const level of ['info', 'warn', 'error'] as const) log(level, 'm', { a: 1 });
    expect(written).toEqual(expected.map((level) => `${level} m 1`));
  });

  it('is info by default', () => {
    expect([undefined, '', 'warn'].map(parseLogLevel)).toEqual(['info', 'info', 'warn']);
  });

  it('is refused by name', () => {
    expect(() => parseLogLevel('debug')).toThrow(new BadSetting('LOG_LEVEL', 'must be one of info, warn, error'));
  });
});

import { Duration } from 'aws-cdk-lib';
import type { IMetric } from 'aws-cdk-lib/aws-cloudwatch';
import type { Observed } from '../dashboard/observed.ts';
import { ownMetric, throttledMetric } from '../dashboard/own-metrics.ts';

export interface AlarmRule {
  /** The logical id, and the heading in docs/operate.md that says what to do. */
  readonly id: string;
  /** What has happened, for whoever is woken. */
  readonly description: string;
  readonly metric: IMetric;
  /** It alarms at this value and above; `silence` alarms when there is no data. */
  readonly threshold: number | 'silence';
  /** Periods of five minutes. */
  readonly periods: number;
  /** The last periods among which they may lie; absent: they are in a row. */
  readonly among?: number;
}

export interface WatchedTimeouts {
  /** Seconds. */
  readonly serve: number;
  readonly publish: number;
}

const period = Duration.minutes(5);
const sum = { statistic: 'Sum', period };
const longest = { statistic: 'Maximum', period };
/** Milliseconds after which a function's time, in seconds, is nearly used up. */
const nearly = (timeout: number): number => timeout * 800;

/** Every alarm that there is. */
export function alarmRules(
  { service, api, serve, publish }: Observed,
  timeouts: WatchedTimeouts,
): readonly AlarmRule[] {
  const own = (name: 'StaleAnswers' | 'FailedPublishes', statistic: string) => ownMetric(service, name, statistic);
  return [
    {
      id: 'ServerErrors',
      description: 'Requests were answered with 5xx.',
      metric: api.metricServerError(sum),
      threshold: 5,
      periods: 1,
    },
    {
      id: 'RepeatedErrors',
      description: 'Again and again, if rarely, requests were answered with 5xx.',
      metric: api.metricServerError(sum),
      threshold: 1,
      periods: 3,
      among: 6,
    },
    {
      id: 'StaleAnswers',
      description: 'S3 failed, and channels were served from memory.',
      metric: own('StaleAnswers', 'Sum'),
      threshold: 1,
      periods: 2,
      among: 6,
    },
    {
      id: 'FailedPublishes',
      description: 'A publish operation ended in 5xx.',
      metric: own('FailedPublishes', 'Sum'),
      threshold: 1,
      periods: 1,
    },
    ...[['Serve', serve, timeouts.serve] as const, ['Publish', publish, timeouts.publish] as const].flatMap(
      ([name, lambda, timeout]): AlarmRule[] => [
        {
          id: `${name}Errors`,
          description: `The ${name.toLowerCase()} function crashed, ran out of time, or could not start.`,
          metric: lambda.metricErrors(sum),
          threshold: 1,
          periods: 1,
        },
        {
          id: `${name}Throttles`,
          description: `The ${name.toLowerCase()} function was not run: the concurrency that it may use is used up.`,
          metric: lambda.metricThrottles(sum),
          threshold: 1,
          periods: 1,
        },
        {
          id: `${name}Duration`,
          description: `The ${name.toLowerCase()} function took more than ${nearly(timeout) / 1_000} of its ${timeout} seconds.`,
          metric: lambda.metricDuration(longest),
          threshold: nearly(timeout),
          periods: 1,
        },
      ],
    ),
    {
      id: 'Throttled',
      description: 'The gateway refused requests with 429: a limit of the stage or of the account is reached.',
      metric: throttledMetric(service),
      threshold: 10,
      periods: 1,
    },
    {
      id: 'OverdueChannels',
      description: 'A channel has had no new release for longer than it allows.',
      metric: ownMetric(service, 'OverdueChannels', 'Maximum'),
      threshold: 1,
      periods: 1,
    },
    {
      id: 'NotMeasured',
      description: 'For a quarter of an hour nobody looked at how old the channels are: the schedule or its run fails.',
      metric: ownMetric(service, 'Channels', 'SampleCount'),
      threshold: 'silence',
      periods: 3,
    },
  ];
}

import { Aws, CfnCondition, Duration, Fn, Stack } from 'aws-cdk-lib';
import type { Distribution } from 'aws-cdk-lib/aws-cloudfront';
import {
  Alarm,
  type CfnAlarm,
  ComparisonOperator,
  type IAlarm,
  type IMetric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Effect, PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { FilterPattern, MetricFilter } from 'aws-cdk-lib/aws-logs';
import { type ITopic, Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import type { ConditionalWrites } from '../domain/store.ts';
import { deliveryMetric, deliveryMetricRegion, type Observed, ownMetric, throttledMetric } from './dashboard/graph.ts';

interface AlarmRule {
  /** The logical id, and the heading in docs/operate.md that says what to do. */
  readonly id: string;
  /** What has happened, for the person on call. */
  readonly description: string;
  readonly metric: IMetric;
  /** The alarm is on at this value and above; `silence`: when there is no data. */
  readonly threshold: number | 'silence';
  /** Periods of five minutes in which that has to be so. */
  readonly periods: number;
  /** The number of last periods to look at; absent: as many as `periods`, so that they are in a row. */
  readonly among?: number;
}

/** Seconds. */
type Timeouts = Readonly<Record<'serve' | 'publish', number>>;

const period = Duration.minutes(5);
const sum = { statistic: 'Sum', period };
const longest = { statistic: 'Maximum', period };
/** Milliseconds: 80 % of a function's timeout. */
const nearlyTimedOut = (timeoutSeconds: number): number => timeoutSeconds * 800;

/** All alarms. */
function alarmRules({ service, api, serve, publish }: Observed, timeouts: Timeouts): readonly AlarmRule[] {
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
          description: `The ${name.toLowerCase()} function took more than ${nearlyTimedOut(timeout) / 1_000} of its ${timeout} seconds.`,
          metric: lambda.metricDuration(longest),
          threshold: nearlyTimedOut(timeout),
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
      id: 'LateRemovals',
      description: 'The grace time of a retired release ended more than an hour ago, and its object is still stored.',
      metric: ownMetric(service, 'LateRemovals', 'Maximum'),
      threshold: 1,
      periods: 3,
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

/** Percent of the requests to the distribution. An expired URL is a 403, so some of those are as expected. */
const deliveryRules = (distribution: Distribution): readonly AlarmRule[] => [
  {
    id: 'DeliveryErrors',
    description: 'CloudFront answered requests for releases with 5xx.',
    metric: deliveryMetric(distribution, '5xxErrorRate'),
    threshold: 5,
    periods: 3,
    among: 6,
  },
  {
    id: 'DeliveryRefusals',
    description: 'CloudFront refused most requests for releases: signatures, or its access to the bucket.',
    metric: deliveryMetric(distribution, '4xxErrorRate'),
    threshold: 50,
    periods: 6,
  },
];

/** A topic that sends alarms to one address, after the address has confirmed its subscription. */
class AlarmTopic extends Construct {
  readonly topic: ITopic;

  constructor(scope: Construct, id: string, email: string) {
    super(scope, id);
    const topic = new Topic(this, 'Topic', { displayName: 'Nix channels', enforceSSL: true });
    topic.addSubscription(new EmailSubscription(email));
    // enforceSSL creates a topic policy, which replaces the default one that lets the account's alarms publish.
    topic.addToResourcePolicy(
      new PolicyStatement({
        effect: Effect.ALLOW,
        sid: 'AlarmsOfThisAccount',
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [topic.topicArn],
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    );
    this.topic = topic;
  }
}

export interface ChannelAlarmsProps extends Observed {
  readonly timeoutSeconds: Timeouts;
  readonly conditionalWrites: ConditionalWrites;
  readonly alarmEmail?: string | undefined;
  readonly alarmTopicArn?: string | undefined;
}

/** The alarms, and where they are sent: to an address, to an existing topic, or only to the dashboard. */
export class ChannelAlarms extends Construct {
  readonly alarms: readonly IAlarm[];

  constructor(scope: Construct, id: string, props: ChannelAlarmsProps) {
    super(scope, id);
    const { namespace: metricNamespace, metricName } = throttledMetric(props.service);
    new MetricFilter(this, 'Throttled', {
      logGroup: props.accessLog,
      // API Gateway writes each of its variables as a string.
      filterPattern: FilterPattern.stringValue('$.status', '=', '429'),
      metricNamespace,
      metricName,
      metricValue: '1',
    });
    const topic = this.#topic(props);
    // Publishers that wait for a single function instance are throttled in turn, as expected.
    const isUnexpected = ({ id }: AlarmRule): boolean =>
      props.conditionalWrites === 'required' || id !== 'PublishThrottles';
    this.alarms = alarmRules(props, props.timeoutSeconds)
      .filter(isUnexpected)
      .map((rule) => this.#alarm(rule, topic));
    if (props.distribution !== undefined) this.#deliveryAlarms(props.distribution, topic);
  }

  /** Only in a stack of the region that has the metrics; docs/operate.md says what to do in others. */
  #deliveryAlarms(distribution: Distribution, topic: ITopic | undefined): void {
    const condition = new CfnCondition(this, 'HasDeliveryMetrics', {
      expression: Fn.conditionEquals(Aws.REGION, deliveryMetricRegion),
    });
    for (const rule of deliveryRules(distribution))
      (this.#alarm(rule, topic).node.defaultChild as CfnAlarm).cfnOptions.condition = condition;
  }

  #topic({ alarmEmail, alarmTopicArn }: ChannelAlarmsProps): ITopic | undefined {
    if (alarmTopicArn !== undefined) return Topic.fromTopicArn(this, 'GivenTopic', alarmTopicArn);
    return alarmEmail === undefined ? undefined : new AlarmTopic(this, 'Topic', alarmEmail).topic;
  }

  #alarm(
    { id, description, metric, threshold, periods, among = periods }: AlarmRule,
    topic: ITopic | undefined,
  ): Alarm {
    const silence = threshold === 'silence';
    const alarm = new Alarm(this, `${id}Alarm`, {
      alarmDescription: `${description} What to do: docs/operate.md, "${id}".`,
      metric,
      threshold: silence ? 1 : threshold,
      evaluationPeriods: among,
      datapointsToAlarm: periods,
      comparisonOperator: silence
        ? ComparisonOperator.LESS_THAN_THRESHOLD
        : ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: silence ? TreatMissingData.BREACHING : TreatMissingData.NOT_BREACHING,
    });
    if (topic !== undefined) {
      alarm.addAlarmAction(new SnsAction(topic));
      alarm.addOkAction(new SnsAction(topic));
    }
    return alarm;
  }
}

import { Alarm, ComparisonOperator, type IAlarm, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { FilterPattern, MetricFilter } from 'aws-cdk-lib/aws-logs';
import { type ITopic, Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import type { ConditionalWrites } from '../domain/conditional-writes.ts';
import { type AlarmRule, alarmRules, type WatchedTimeouts } from './alarms/alarm-rules.ts';
import { AlarmTopic } from './alarms/alarm-topic.ts';
import type { Observed } from './dashboard/observed.ts';
import { throttledMetric } from './dashboard/own-metrics.ts';

export interface ChannelAlarmsProps extends Observed {
  readonly timeouts: WatchedTimeouts;
  readonly conditionalWrites: ConditionalWrites;
  readonly alarmEmail?: string | undefined;
  readonly alarmTopicArn?: string | undefined;
}

/** The alarms, and where they go: to an address, to a topic that is there already, or nowhere but to the dashboard. */
export class ChannelAlarms extends Construct {
  readonly alarms: readonly IAlarm[];

  constructor(scope: Construct, id: string, props: ChannelAlarmsProps) {
    super(scope, id);
    const { namespace: metricNamespace, metricName } = throttledMetric(props.service);
    new MetricFilter(this, 'Throttled', {
      logGroup: props.accessLog,
      // The gateway writes each of its variables as a text.
      filterPattern: FilterPattern.stringValue('$.status', '=', '429'),
      metricNamespace,
      metricName,
      metricValue: '1',
    });
    const topic = this.#topic(props);
    // Publishers that queue for the one instance there is are throttled by turns: that is no news.
    const isNews = ({ id }: AlarmRule): boolean => props.conditionalWrites === 'required' || id !== 'PublishThrottles';
    this.alarms = alarmRules(props, props.timeouts)
      .filter(isNews)
      .map((rule) => this.#alarm(rule, topic));
  }

  #topic({ alarmEmail, alarmTopicArn }: ChannelAlarmsProps): ITopic | undefined {
    if (alarmTopicArn !== undefined) return Topic.fromTopicArn(this, 'GivenTopic', alarmTopicArn);
    return alarmEmail === undefined ? undefined : new AlarmTopic(this, 'Topic', { email: alarmEmail }).topic;
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
    if (topic !== undefined) alarm.addAlarmAction(new SnsAction(topic));
    if (topic !== undefined) alarm.addOkAction(new SnsAction(topic));
    return alarm;
  }
}

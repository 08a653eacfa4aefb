import { Aws, Duration } from 'aws-cdk-lib';
import { AlarmStatusWidget, Dashboard, type IAlarm } from 'aws-cdk-lib/aws-cloudwatch';
import { Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { measureTask } from '../api/routes.ts';
import { ChannelAlarms, type ChannelAlarmsProps } from './alarms.ts';
import { deliveryWidgets } from './dashboard/delivery-widgets.ts';
import { faultWidgets } from './dashboard/fault-widgets.ts';
import type { Observed } from './dashboard/graph.ts';
import { costWidgets, publishingWidgets, storageWidgets } from './dashboard/publishing-widgets.ts';
import { freshnessWidgets, readingWidgets } from './dashboard/reading-widgets.ts';

interface ChannelDashboardProps extends Observed {
  readonly alarms: readonly IAlarm[];
}

/** What an operator looks at, on one page. */
class ChannelDashboard extends Construct {
  constructor(scope: Construct, id: string, props: ChannelDashboardProps) {
    super(scope, id);
    new Dashboard(this, 'Dashboard', {
      // Names of dashboards are shared by all regions of an account.
      dashboardName: `${props.service}-${Aws.REGION}`,
      defaultInterval: Duration.days(1),
      widgets: [
        [new AlarmStatusWidget({ title: 'Alarms', alarms: [...props.alarms], width: 24, height: 4 })],
        ...freshnessWidgets(props),
        ...readingWidgets(props),
        ...deliveryWidgets(props),
        ...faultWidgets(props),
        ...publishingWidgets(props),
        ...storageWidgets(props),
        ...costWidgets(props),
      ],
    });
  }
}

/** Runs the publish function every five minutes to measure all channels. A failed run is not retried: the next one follows soon. */
class ChannelSchedule extends Construct {
  constructor(scope: Construct, id: string, publish: IFunction) {
    super(scope, id);
    const maxEventAge = Duration.minutes(5);
    // The rule's own retries are for the delivery of the event. Lambda then queues it, and would retry a failed run twice, and
    // a throttled one for six hours.
    publish.configureAsyncInvoke({ retryAttempts: 0, maxEventAge });
    new Rule(this, 'Measure', {
      description: 'Measures how many channels there are and how old they are',
      schedule: Schedule.rate(Duration.minutes(5)),
      targets: [
        new LambdaFunction(publish, {
          event: RuleTargetInput.fromObject(measureTask),
          retryAttempts: 0,
          maxEventAge,
        }),
      ],
    });
  }
}

/** The schedule that measures the channels, the alarms, and the dashboard. */
export class ChannelOperations extends Construct {
  constructor(scope: Construct, id: string, props: ChannelAlarmsProps) {
    super(scope, id);
    new ChannelSchedule(this, 'Schedule', props.publish);
    const { alarms } = new ChannelAlarms(this, 'Alarms', props);
    new ChannelDashboard(this, 'Dashboard', { ...props, alarms });
  }
}

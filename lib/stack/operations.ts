import { Aws, Duration } from 'aws-cdk-lib';
import { AlarmStatusWidget, Dashboard, type IAlarm } from 'aws-cdk-lib/aws-cloudwatch';
import { Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { measureTask } from '../api/routes.ts';
import { ChannelAlarms, type ChannelAlarmsProps } from './alarms.ts';
import { faultWidgets } from './dashboard/fault-widgets.ts';
import type { Observed } from './dashboard/graph.ts';
import { costWidgets, publishingWidgets } from './dashboard/publishing-widgets.ts';
import { freshnessWidgets, readingWidgets } from './dashboard/reading-widgets.ts';

interface ChannelDashboardProps extends Observed {
  readonly alarms: readonly IAlarm[];
}

/** Everything that an operator looks at, on one page. */
class ChannelDashboard extends Construct {
  constructor(scope: Construct, id: string, props: ChannelDashboardProps) {
    super(scope, id);
    new Dashboard(this, 'Dashboard', {
      // An account has one list of dashboards for all its regions.
      dashboardName: `${props.service}-${Aws.REGION}`,
      defaultInterval: Duration.days(1),
      widgets: [
        [new AlarmStatusWidget({ title: 'Alarms', alarms: [...props.alarms], width: 24, height: 4 })],
        ...freshnessWidgets(props),
        ...readingWidgets(props),
        ...faultWidgets(props),
        ...publishingWidgets(props),
        ...costWidgets(props),
      ],
    });
  }
}

interface ChannelScheduleProps {
  readonly publish: IFunction;
}

/** Has the publish function look at all channels every five minutes. What fails is not repeated: the next run is near. */
class ChannelSchedule extends Construct {
  constructor(scope: Construct, id: string, { publish }: ChannelScheduleProps) {
    super(scope, id);
    const maxEventAge = Duration.minutes(5);
    // The rule's own retries are those of handing the event over. Lambda queues it then, and would run what fails three times,
    // and what finds no free instance for six hours.
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

/** What operators have: the schedule that measures, the alarms, and the dashboard. */
export class ChannelOperations extends Construct {
  constructor(scope: Construct, id: string, props: ChannelAlarmsProps) {
    super(scope, id);
    new ChannelSchedule(this, 'Schedule', { publish: props.publish });
    const { alarms } = new ChannelAlarms(this, 'Alarms', props);
    new ChannelDashboard(this, 'Dashboard', { ...props, alarms });
  }
}

import { Aws, Duration } from 'aws-cdk-lib';
import { AlarmStatusWidget, Dashboard, type IAlarm } from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { costWidgets } from './dashboard/cost-widgets.ts';
import { faultWidgets } from './dashboard/fault-widgets.ts';
import { freshnessWidgets } from './dashboard/freshness-widgets.ts';
import type { Observed } from './dashboard/observed.ts';
import { publishingWidgets } from './dashboard/publishing-widgets.ts';
import { readingWidgets } from './dashboard/reading-widgets.ts';

export interface ChannelDashboardProps extends Observed {
  readonly alarms: readonly IAlarm[];
}

/** Everything that an operator looks at, on one page. */
export class ChannelDashboard extends Construct {
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

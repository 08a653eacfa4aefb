import { Construct } from 'constructs';
import { ChannelAlarms, type ChannelAlarmsProps } from './channel-alarms.ts';
import { ChannelDashboard } from './channel-dashboard.ts';
import { ChannelSchedule } from './channel-schedule.ts';

/** What operators have: the schedule that measures, the alarms, and the dashboard. */
export class ChannelOperations extends Construct {
  constructor(scope: Construct, id: string, props: ChannelAlarmsProps) {
    super(scope, id);
    new ChannelSchedule(this, 'Schedule', { publish: props.publish });
    const { alarms } = new ChannelAlarms(this, 'Alarms', props);
    new ChannelDashboard(this, 'Dashboard', { ...props, alarms });
  }
}

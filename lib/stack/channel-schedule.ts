import { Duration } from 'aws-cdk-lib';
import { Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { measureTask } from '../../lambda/publish/measure-task.ts';

export interface ChannelScheduleProps {
  readonly publish: IFunction;
}

/** Has the publish function look at all channels every five minutes. What fails is not repeated: the next run is near. */
export class ChannelSchedule extends Construct {
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

import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { standing } from '../../cost/monthly-cost.ts';
import { readDashboard } from '../../picture/read-dashboard.ts';
import { stackConfigurations } from '../../support/stack-configurations.ts';
import { SynthesizedStack } from '../../support/synth-stack.ts';

const stack = new SynthesizedStack();
const alarmsOf = (of: SynthesizedStack) => of.resources('AWS::CloudWatch::Alarm');
const functionId = (prefix: string) => stack.resource('AWS::Lambda::Function', prefix).id;

describe('the schedule', () => {
  it('runs the publish function every five minutes to measure all channels, without retries', () => {
    const rule = stack.resource('AWS::Events::Rule');

    expect(rule.Properties).toMatchObject({
      ScheduleExpression: 'rate(5 minutes)',
      State: 'ENABLED',
      Targets: [
        {
          Arn: `<${functionId('Publish')}.Arn>`,
          Input: '{"task":"measure-channels"}',
          RetryPolicy: { MaximumEventAgeInSeconds: 300, MaximumRetryAttempts: 0 },
        },
      ],
    });
  });

  it('is not retried by Lambda either, which queues the events of a rule', () => {
    expect(stack.resource('AWS::Lambda::EventInvokeConfig').Properties).toEqual({
      FunctionName: `<${functionId('Publish')}>`,
      MaximumEventAgeInSeconds: 300,
      MaximumRetryAttempts: 0,
      Qualifier: '$LATEST',
    });
  });

  it('is the only rule that may invoke the function', () => {
    const permissions = stack
      .resources('AWS::Lambda::Permission')
      .filter(({ Properties }) => Properties.Principal === 'events.amazonaws.com');

    expect(permissions.map(({ Properties }) => [Properties.FunctionName, Properties.SourceArn])).toEqual([
      [`<${functionId('Publish')}.Arn>`, `<${stack.resource('AWS::Events::Rule').id}.Arn>`],
    ]);
  });
});

describe('the alarms', () => {
  const names = (of: SynthesizedStack) =>
    alarmsOf(of).map(({ Properties }) => /"(\w+)"\.$/.exec(String(Properties.AlarmDescription))?.[1]);

  it('are exactly these, each with a heading of its own in docs/operate.md', () => {
    const guide = readFileSync(new URL('../../../docs/operate.md', import.meta.url), 'utf8');

    expect(names(stack)).toEqual([
      'ServerErrors',
      'RepeatedErrors',
      'StaleAnswers',
      'FailedPublishes',
      'ServeErrors',
      'ServeThrottles',
      'ServeDuration',
      'PublishErrors',
      'PublishThrottles',
      'PublishDuration',
      'Throttled',
      'OverdueChannels',
      'LateRemovals',
      'NotMeasured',
    ]);
    for (const name of names(stack)) expect(guide).toContain(`**${name}**`);
  });

  it('do not report throttled publishers if writes are serialised', () => {
    const queueing = new SynthesizedStack({
      ...stackConfigurations['external-bucket'],
      conditionalWrites: 'serialised',
    });

    expect(names(queueing)).toEqual(names(stack).filter((name) => name !== 'PublishThrottles'));
  });

  it('are as many as docs/cost.md counts, with one dashboard', () => {
    expect(alarmsOf(stack)).toHaveLength(standing.alarms);
    expect(stack.resources('AWS::CloudWatch::Dashboard')).toHaveLength(standing.dashboards);
  });

  it('treat missing data as good, except for the alarm that watches the schedule', () => {
    const treated = alarmsOf(stack).map(({ Properties }) => Properties.TreatMissingData);

    expect(treated.filter((treatment) => treatment !== 'notBreaching')).toEqual(['breaching']);
    expect(alarmsOf(stack).at(-1)?.Properties).toMatchObject({
      MetricName: 'Channels',
      Statistic: 'SampleCount',
      TreatMissingData: 'breaching',
      ComparisonOperator: 'LessThanThreshold',
      Threshold: 1,
    });
  });

  it('compare durations with the timeouts of the functions', () => {
    const limits = alarmsOf(stack)
      .filter(({ Properties }) => Properties.MetricName === 'Duration')
      .map(({ Properties }) => Properties.Threshold);
    const timeouts = ['Serve', 'Publish'].map((prefix) =>
      Number(stack.resource('AWS::Lambda::Function', prefix).Properties.Timeout),
    );

    expect(limits).toEqual(timeouts.map((seconds) => seconds * 800));
  });

  it('count the requests that API Gateway refuses from its access log', () => {
    const filter = stack.resource('AWS::Logs::MetricFilter');
    const format = JSON.parse(
      (stack.resource('AWS::ApiGatewayV2::Stage').Properties.AccessLogSettings as { Format: string }).Format,
    );

    expect(format.status).toBe('$context.status');
    expect(filter.Properties).toMatchObject({
      LogGroupName: `<${stack.resource('AWS::Logs::LogGroup', 'AccessLog').id}>`,
      FilterPattern: '{ $.status = "429" }',
      MetricTransformations: [{ MetricNamespace: 'NixChannels/NixChannelStack', MetricName: 'Throttled' }],
    });
  });

  it('are sent nowhere, to an address, or to an existing topic', () => {
    const topicArn = 'arn:aws:sns:eu-central-1:111122223333:pager';
    const mailed = new SynthesizedStack({ alarmEmail: 'ops@example.org' });
    const given = new SynthesizedStack({ alarmTopicArn: topicArn });
    const actions = (of: SynthesizedStack) =>
      new Set(alarmsOf(of).flatMap(({ Properties }) => [Properties.AlarmActions, Properties.OKActions].flat()));

    expect([...actions(stack)]).toEqual([undefined]);
    expect([...actions(given)]).toEqual([topicArn]);
    expect([...actions(mailed)]).toEqual([`<${mailed.resource('AWS::SNS::Topic').id}>`]);
    expect(given.resources('AWS::SNS::Topic')).toEqual([]);
    expect(mailed.resource('AWS::SNS::Subscription').Properties).toMatchObject({
      Protocol: 'email',
      Endpoint: 'ops@example.org',
    });
    expect(mailed.resource('AWS::SNS::TopicPolicy').Properties.PolicyDocument).toMatchObject({
      Statement: [
        { Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } },
        {
          Effect: 'Allow',
          Principal: { Service: 'cloudwatch.amazonaws.com' },
          Action: 'sns:Publish',
          Condition: { StringEquals: { 'aws:SourceAccount': '<AWS::AccountId>' } },
        },
      ],
    });
  });
});

describe('the dashboard', () => {
  const storageOf = (of: SynthesizedStack) =>
    readDashboard(String(of.resource('AWS::CloudWatch::Dashboard').Properties.DashboardBody))
      .flatMap(({ metrics }) => metrics)
      .filter(({ name }) => name === 'BucketSizeBytes')
      .map(({ dimensions, label }) => [dimensions.StorageType, label]);

  it('shows the stored bytes, and those of the other storage class if releases move there', () => {
    const moving = new SynthesizedStack({ releaseTransition: { storageClass: 'GLACIER_IR', days: 30 } });

    expect(storageOf(stack)).toEqual([['StandardStorage', 'stored']]);
    expect(storageOf(moving)).toEqual([
      ['StandardStorage', 'stored'],
      ['GlacierInstantRetrievalStorage', 'moved'],
    ]);
  });
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { channelApp, SynthesizedStack } from '../../support/synth-stack.ts';

interface Finding {
  readonly ruleName: string;
  readonly violatingConstructs: readonly { readonly constructPath: string }[];
}

interface PluginReport {
  readonly pluginName: string;
  readonly violations: readonly Finding[];
  readonly suppressedViolations?: readonly Finding[];
}

const stack = new SynthesizedStack();
const outputs = (of: SynthesizedStack) =>
  Object.fromEntries(Object.entries(of.outputs).map(([key, { Value }]) => [key, Value]));

describe('the stack', () => {
  it('keeps the logical ids of what must not be replaced', () => {
    expect(stack.resource('AWS::S3::Bucket').id).toBe('ChannelBucket');
    expect(stack.resource('AWS::S3::BucketPolicy').id).toBe('ChannelBucketPolicy');
    expect(stack.resource('AWS::ApiGatewayV2::Api').id).toBe('ChannelApi');
  });

  it('says where it is', () => {
    const own = {
      ApiEndpoint: '<ChannelApi.ApiEndpoint>',
      BucketName: '<ChannelBucket>',
      PublishArn: 'arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>:<ChannelApi>/$default/*/publish/*',
    };

    expect(outputs(stack)).toEqual({ ...own, ApiUrl: '<ChannelApi.ApiEndpoint>' });
    expect(outputs(new SynthesizedStack({ baseUrl: 'https://channels.example.org/' }))).toEqual({
      ...own,
      ApiUrl: 'https://channels.example.org',
    });
  });

  it('keeps three logs, for a limited time', () => {
    const retention = (of: SynthesizedStack) =>
      of.resources('AWS::Logs::LogGroup').map(({ Properties }) => Properties.RetentionInDays);

    expect(retention(stack)).toEqual([90, 90, 90]);
    expect(retention(new SynthesizedStack({ logRetentionDays: 14 }))).toEqual([14, 14, 14]);
  });

  it('takes its name from the settings', () => {
    const app = channelApp({ stackName: 'Other' });

    expect(app.synth().stacks.map(({ stackName }) => stackName)).toEqual(['Other']);
  });
});

describe('the validation report', () => {
  const app = channelApp();
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  const { directory } = app.synth();
  const { pluginReports } = JSON.parse(readFileSync(join(directory, 'validation-report.json'), 'utf8')) as {
    pluginReports: readonly PluginReport[];
  };
  const nag = pluginReports.find(({ pluginName }) => pluginName === 'AwsSolutions');

  it('has no finding of cdk-nag or of the CDK itself', () => {
    expect(nag).toBeDefined();
    expect(pluginReports.flatMap(({ violations }) => violations)).toEqual([]);
  });

  it('has these acknowledgements and no others', () => {
    const acknowledged = nag?.suppressedViolations?.flatMap(({ ruleName, violatingConstructs }) =>
      violatingConstructs.map(({ constructPath }) => `${ruleName} ${constructPath.split('/').slice(1, -1).join('/')}`),
    );
    const everyObject = 'AwsSolutions-IAM5[Resource::<ChannelBucket.Arn>/*]';

    expect(acknowledged).toEqual([
      'AwsSolutions-S1 Bucket/Bucket',
      'AwsSolutions-APIG4 Api/GET--channel--{channel}',
      'AwsSolutions-APIG4 Api/HEAD--channel--{channel}',
      'AwsSolutions-APIG4 Api/GET--channel--{channel}--{file}',
      'AwsSolutions-APIG4 Api/HEAD--channel--{channel}--{file}',
      'AwsSolutions-APIG4 Api/GET--permanent--{release}',
      'AwsSolutions-APIG4 Api/HEAD--permanent--{release}',
      `${everyObject} Serve/Role`,
      `${everyObject} Publish/Role`,
    ]);
  });
});

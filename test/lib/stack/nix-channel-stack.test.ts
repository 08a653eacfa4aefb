import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { stackConfigurations } from '../../support/stack-configurations.ts';
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

/** Resources that hold data or have an id in locks and configurations: with another logical id they would be replaced. */
const kept = {
  'AWS::S3::Bucket': ['ChannelBucket'],
  'AWS::S3::BucketPolicy': ['ChannelBucketPolicy'],
  'AWS::ApiGatewayV2::Api': ['ChannelApi'],
  'AWS::ApiGatewayV2::DomainName': ['ChannelDomain'],
  'AWS::CertificateManager::Certificate': ['ChannelCertificate'],
  'AWS::Logs::LogGroup': ['ServeLog', 'PublishLog', 'AccessLog'],
};

/** Properties with which a resource has a name in the account. */
const physicalNames = [
  'AlarmName',
  'BucketName',
  'DashboardName',
  'FunctionName',
  'LogGroupName',
  'ManagedPolicyName',
  'Name',
  'PolicyName',
  'RoleName',
  'RuleName',
  'TopicName',
];

const namesOf = (of: SynthesizedStack): string[] =>
  of.allResources
    .filter(({ Type }) => Type !== 'AWS::Route53::RecordSet')
    .flatMap(({ id, Properties = {} }) => physicalNames.map((name) => [id, name, Properties[name]] as const))
    .filter(([, , value]) => typeof value === 'string' && !value.startsWith('<'))
    .map((name) => name.join(' '));

describe('the stack', () => {
  it('has fixed logical ids for resources that must not be replaced', () => {
    const { 'domain-and-jwt': whole } = stackConfigurations;
    const configured = new SynthesizedStack(whole);
    const found = Object.keys(kept).map((type) => [type, configured.resources(type).map(({ id }) => id)]);

    expect(Object.fromEntries(found)).toEqual(kept);
  });

  it('shares no resource name with another stack of the same account', () => {
    // Names that the settings give are unique by what the settings say.
    const { stackName: _, domainName, certificateArn, ...named } = stackConfigurations.everything ?? {};
    const { takedownRoleName, takedownPrincipals, ...whole } = named;
    const [one, other] = ['One', 'Other'].map((stackName) => namesOf(new SynthesizedStack({ ...whole, stackName })));

    expect(one).not.toEqual([]);
    expect(one?.filter((name) => other?.includes(name))).toEqual([]);
  });

  it('has its URLs, its bucket and the ARN for publishing as outputs', () => {
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

  it('keeps three logs for the number of days that is set', () => {
    const retention = (of: SynthesizedStack) =>
      of.resources('AWS::Logs::LogGroup').map(({ Properties }) => Properties.RetentionInDays);

    expect(retention(stack)).toEqual([90, 90, 90]);
    expect(retention(new SynthesizedStack({ logRetentionDays: 14 }))).toEqual([14, 14, 14]);
  });

  it('has termination protection unless removalPolicy is destroy', () => {
    const isProtected = (context: Record<string, unknown>) =>
      channelApp(context)
        .synth()
        .stacks.map(({ terminationProtection }) => terminationProtection);

    expect(isProtected({})).toEqual([true]);
    expect(isProtected({ removalPolicy: 'destroy' })).toEqual([false]);
  });

  it('logs access under a name that needs no entry in the resource policy of the region', () => {
    expect(stack.resource('AWS::Logs::LogGroup', 'AccessLog').Properties.LogGroupName).toBe(
      '/aws/vendedlogs/NixChannelStack/access',
    );
  });

  it('has the name of the settings', () => {
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

  it('has exactly these acknowledgements of cdk-nag findings', () => {
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
      'AwsSolutions-APIG4 Api/GET--',
      'AwsSolutions-APIG4 Api/HEAD--',
      'AwsSolutions-APIG4 Api/GET--index.json',
      'AwsSolutions-APIG4 Api/HEAD--index.json',
      'AwsSolutions-APIG4 Api/GET--flake-registry.json',
      'AwsSolutions-APIG4 Api/HEAD--flake-registry.json',
      `${everyObject} Serve/Role`,
      `${everyObject} Publish/Role`,
    ]);
  });
});

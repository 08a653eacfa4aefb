import { describe, expect, it } from '@jest/globals';
import { SynthesizedStack } from '../../support/synth-stack.ts';

const stack = new SynthesizedStack();

const roleOf = (prefix: string) => stack.resource('AWS::IAM::Role', prefix);
const lambdaOf = (prefix: string, of = stack) => of.resource('AWS::Lambda::Function', prefix);
const logOf = (prefix: string) => stack.resource('AWS::Logs::LogGroup', prefix);
const environment = (prefix: string, of = stack) =>
  (lambdaOf(prefix, of).Properties.Environment as { Variables: Record<string, string> }).Variables;

const statementsOf = (prefix: string) =>
  (roleOf(prefix).Properties.Policies as { PolicyDocument: { Statement: unknown[] } }[]).flatMap(
    (policy) => policy.PolicyDocument.Statement,
  );

const writesLog = (prefix: string) => ({
  Effect: 'Allow',
  Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
  Resource: `<${logOf(prefix).id}.Arn>`,
});

describe('the role of a function', () => {
  it('lets serve only read the bucket and write its log', () => {
    expect(statementsOf('Serve')).toEqual([
      writesLog('ServeLog'),
      { Effect: 'Allow', Action: 's3:GetObject', Resource: '<ChannelBucket.Arn>/*' },
      { Effect: 'Allow', Action: 's3:ListBucket', Resource: '<ChannelBucket.Arn>' },
    ]);
  });

  it('lets publish write the bucket but not delete, and write its log', () => {
    expect(statementsOf('Publish')).toEqual([
      writesLog('PublishLog'),
      {
        Effect: 'Allow',
        Action: [
          's3:AbortMultipartUpload',
          's3:GetObject',
          's3:ListMultipartUploadParts',
          's3:PutObject',
          's3:PutObjectTagging',
        ],
        Resource: '<ChannelBucket.Arn>/*',
      },
      {
        Effect: 'Allow',
        Action: [
          's3:GetBucketPolicy',
          's3:GetBucketPublicAccessBlock',
          's3:GetBucketVersioning',
          's3:GetLifecycleConfiguration',
          's3:ListBucket',
          's3:ListBucketMultipartUploads',
        ],
        Resource: '<ChannelBucket.Arn>',
      },
    ]);
  });

  it.each(['Serve', 'Publish'])('is used only by %s, and no other policy adds to it', (prefix) => {
    const role = roleOf(prefix);

    expect(lambdaOf(prefix).Properties.Role).toBe(`<${role.id}.Arn>`);
    expect(role.Properties).not.toHaveProperty('ManagedPolicyArns');
    expect(stack.resources('AWS::IAM::Policy')).toEqual([]);
    expect(stack.resources('AWS::IAM::ManagedPolicy')).toEqual([]);
    expect(stack.resources('AWS::IAM::Role')).toHaveLength(2);
    expect(role.Properties.AssumeRolePolicyDocument).toMatchObject({
      Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: 'lambda.amazonaws.com' } }],
    });
  });
});

describe('the functions', () => {
  it.each([
    { prefix: 'Serve', memory: 256, timeout: 27 },
    { prefix: 'Publish', memory: 512, timeout: 29 },
  ])('$prefix runs on Node 24 and arm64 with $memory MB and a timeout of $timeout s', ({ prefix, memory, timeout }) => {
    expect(lambdaOf(prefix).Properties).toMatchObject({
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Handler: 'index.handler',
      MemorySize: memory,
      Timeout: timeout,
      LoggingConfig: { LogGroup: `<${logOf(`${prefix}Log`).id}>` },
    });
  });

  it("have the bucket and, without a base URL, the API's own domain in their environment", () => {
    const common = {
      BUCKET: '<ChannelBucket>',
      BASE_URL: '<ChannelApi.ApiEndpoint>',
      LOG_LEVEL: 'info',
      STACK_NAME: 'NixChannelStack',
    };

    expect(environment('Serve')).toEqual({
      ...common,
      METRIC_CHANNELS: '',
      CHANNEL_MAX_AGE_SECONDS: '30',
      PRESIGN_LIFETIME_SECONDS: '900',
      ACCESS: 'open',
    });
    expect(environment('Publish')).toEqual({
      ...common,
      METRIC_CHANNELS: '',
      RETIRED_DAYS: '30',
      RELEASE_TAGGING: '1',
    });
  });

  it('have the configured values in their environment and properties', () => {
    const configured = new SynthesizedStack({
      baseUrl: 'https://channels.example.org/',
      s3Endpoint: 'https://s3.dualstack.eu-central-1.amazonaws.com',
      channelMaxAgeSeconds: '5',
      presignLifetimeSeconds: 60,
      logLevel: 'warn',
      serveMemoryMegabytes: 512,
      publishMemoryMegabytes: '1024',
      serveReservedConcurrency: 20,
      metricChannels: 'demo',
      retiredDays: 7,
    });
    const common = {
      BUCKET: '<ChannelBucket>',
      BASE_URL: 'https://channels.example.org',
      S3_ENDPOINT: 'https://s3.dualstack.eu-central-1.amazonaws.com',
      LOG_LEVEL: 'warn',
      STACK_NAME: 'NixChannelStack',
    };

    expect(environment('Serve', configured)).toEqual({
      ...common,
      METRIC_CHANNELS: 'demo',
      CHANNEL_MAX_AGE_SECONDS: '5',
      PRESIGN_LIFETIME_SECONDS: '60',
      ACCESS: 'open',
    });
    expect(environment('Publish', configured)).toEqual({
      ...common,
      METRIC_CHANNELS: 'demo',
      RETIRED_DAYS: '7',
      RELEASE_TAGGING: '1',
    });
    expect(lambdaOf('Serve', configured).Properties).toMatchObject({
      MemorySize: 512,
      ReservedConcurrentExecutions: 20,
    });
    expect(lambdaOf('Publish', configured).Properties).toMatchObject({ MemorySize: 1024 });
  });

  it('share the concurrency of the account by default', () => {
    for (const prefix of ['Serve', 'Publish'])
      expect(lambdaOf(prefix).Properties).not.toHaveProperty('ReservedConcurrentExecutions');
  });
});

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

describe('what a function may do', () => {
  it('serve: read, and write its log', () => {
    expect(statementsOf('Serve')).toEqual([
      writesLog('ServeLog'),
      { Effect: 'Allow', Action: 's3:GetObject', Resource: '<ChannelBucket.Arn>/*' },
      { Effect: 'Allow', Action: 's3:ListBucket', Resource: '<ChannelBucket.Arn>' },
    ]);
  });

  it('publish: write but not delete, and write its log', () => {
    expect(statementsOf('Publish')).toEqual([
      writesLog('PublishLog'),
      {
        Effect: 'Allow',
        Action: ['s3:AbortMultipartUpload', 's3:GetObject', 's3:ListMultipartUploadParts', 's3:PutObject'],
        Resource: '<ChannelBucket.Arn>/*',
      },
      {
        Effect: 'Allow',
        Action: ['s3:ListBucket', 's3:ListBucketMultipartUploads'],
        Resource: '<ChannelBucket.Arn>',
      },
    ]);
  });

  it.each(['Serve', 'Publish'])('%s: under a role of its own that nothing else adds to', (prefix) => {
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
    { prefix: 'Serve', memory: 256, timeout: 10 },
    { prefix: 'Publish', memory: 512, timeout: 29 },
  ])('$prefix runs on Node 24 and arm64, with $memory MB, for $timeout s at most', ({ prefix, memory, timeout }) => {
    expect(lambdaOf(prefix).Properties).toMatchObject({
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Handler: 'index.handler',
      MemorySize: memory,
      Timeout: timeout,
      LoggingConfig: { LogGroup: `<${logOf(`${prefix}Log`).id}>` },
    });
  });

  it('know the bucket, and the API by its own domain where no base URL is set', () => {
    const common = { BUCKET: '<ChannelBucket>', BASE_URL: '<ChannelApi.ApiEndpoint>' };

    expect(environment('Serve')).toEqual({ ...common, CHANNEL_MAX_AGE_SECONDS: '30', ACCESS: 'open' });
    expect(environment('Publish')).toEqual(common);
  });

  it('take what is configured', () => {
    const configured = new SynthesizedStack({
      baseUrl: 'https://channels.example.org/',
      s3Endpoint: 'https://s3.dualstack.eu-central-1.amazonaws.com',
      channelMaxAgeSeconds: '5',
    });
    const common = {
      BUCKET: '<ChannelBucket>',
      BASE_URL: 'https://channels.example.org',
      S3_ENDPOINT: 'https://s3.dualstack.eu-central-1.amazonaws.com',
    };

    expect(environment('Serve', configured)).toEqual({ ...common, CHANNEL_MAX_AGE_SECONDS: '5', ACCESS: 'open' });
    expect(environment('Publish', configured)).toEqual(common);
  });
});

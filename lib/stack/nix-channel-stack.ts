import { CfnOutput, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { type CfnApi, HttpApi } from 'aws-cdk-lib/aws-apigatewayv2';
import { Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { ChannelBucket } from './channel-bucket.ts';
import { ChannelFunction } from './channel-function.ts';
import { ChannelPublishers } from './channel-publishers.ts';
import { ChannelRoutes } from './channel-routes.ts';
import { ChannelStage } from './channel-stage.ts';
import { acknowledgeFindings } from './nag-acknowledgements.ts';
import type { StackSettings } from './settings/stack-settings.ts';

const allow = (actions: readonly string[], resource: string): PolicyStatement =>
  new PolicyStatement({ effect: Effect.ALLOW, actions: [...actions], resources: [resource] });

/** All of it: the bucket, the functions that serve and publish, and the HTTP API before them. */
export class NixChannelStack extends Stack {
  constructor(scope: Construct, id: string, settings: StackSettings) {
    super(scope, id, { stackName: settings.stackName, description: 'Nix channels in a bucket, behind an HTTP API' });
    const { bucket } = new ChannelBucket(this, 'Bucket', { breakGlassRoleName: settings.breakGlassRoleName });
    const api = new HttpApi(this, 'Api', {
      apiName: settings.stackName,
      description: 'Nix channels: reading, and publishing under /publish/',
      createDefaultStage: false,
    });
    // Its id is in the URLs that people have in their configuration.
    (api.node.defaultChild as CfnApi).overrideLogicalId('ChannelApi');
    const baseUrl = settings.baseUrl ?? api.apiEndpoint;

    const environment = {
      BUCKET: bucket.bucketName,
      BASE_URL: baseUrl,
      ...(settings.s3Endpoint === undefined ? {} : { S3_ENDPOINT: settings.s3Endpoint }),
    };
    const serve = new ChannelFunction(this, 'Serve', {
      entry: 'serve',
      description: 'Answers Nix: channels, and redirects to presigned URLs',
      // The start is the costly part, and it runs on a full vCPU whatever the size. Afterwards a request is some 60 µs of
      // CPU and a wait for S3, for which a seventh of a vCPU (1769 MB make one: Lambda developer guide, "Configure Lambda
      // function memory") is enough. Node and this bundle stay below 100 MB; what is kept is bounded.
      memoryMegabytes: 256,
      timeoutSeconds: 10,
      environment: {
        ...environment,
        CHANNEL_MAX_AGE_SECONDS: String(settings.channelMaxAgeSeconds),
        ACCESS: settings.jwt === undefined ? 'open' : JSON.stringify(settings.jwt),
      },
      logGroup: this.#logGroup('ServeLog', settings),
      statements: [
        allow(['s3:GetObject'], bucket.arnForObjects('*')),
        // Without it S3 says 403 of a missing key, and absent could not be told from broken.
        allow(['s3:ListBucket'], bucket.bucketArn),
      ],
    });
    const publish = new ChannelFunction(this, 'Publish', {
      entry: 'publish',
      description: 'Takes publish operations; the bytes go to the bucket directly',
      // 500 part URLs are signed in one request: about 0.1 s on a full vCPU, 0.4 s here.
      memoryMegabytes: 512,
      timeoutSeconds: 29, // the gateway gives up after 30
      environment,
      logGroup: this.#logGroup('PublishLog', settings),
      statements: [
        allow(
          ['s3:GetObject', 's3:PutObject', 's3:AbortMultipartUpload', 's3:ListMultipartUploadParts'],
          bucket.arnForObjects('*'),
        ),
        allow(['s3:ListBucket', 's3:ListBucketMultipartUploads'], bucket.bucketArn),
      ],
    });

    const targets = { serve: serve.lambda, publish: publish.lambda };
    const { routes, publicRoutes } = new ChannelRoutes(this, 'Routes', { api, targets });
    new ChannelStage(this, 'Stage', { api, routes, logGroup: this.#logGroup('AccessLog', settings) });
    acknowledgeFindings({ bucket, publicRoutes, serveRole: serve.role, publishRole: publish.role });

    const { publishers, githubOidcProvider } = settings;
    new ChannelPublishers(this, 'Publishers', { api, publishers, githubOidcProvider });

    this.#output('ApiUrl', baseUrl, 'The base URL for readers and publishers');
    this.#output('ApiEndpoint', api.apiEndpoint, "The API's own domain, for a DNS name or proxy to point at");
    this.#output('BucketName', bucket.bucketName, 'The bucket of catalog, records and tarballs');
    this.#output(
      'PublishArn',
      api.arnForExecuteApi('*', '/publish/*', '$default'),
      'Allow execute-api:Invoke on it to administrators; for one channel end it in /publish/channels/NAME/*, and add /publish/channels/NAME',
    );
  }

  #logGroup(id: string, settings: StackSettings): LogGroup {
    return new LogGroup(this, id, { retention: settings.logRetentionDays, removalPolicy: RemovalPolicy.DESTROY });
  }

  #output(key: string, value: string, description: string): void {
    new CfnOutput(this, key, { value, description });
  }
}

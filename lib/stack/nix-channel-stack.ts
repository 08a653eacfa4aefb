import { CfnOutput, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { type CfnApi, HttpApi } from 'aws-cdk-lib/aws-apigatewayv2';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { ChannelBucket } from './channel-bucket.ts';
import { ChannelFunction } from './channel-function.ts';
import { ChannelRoutes } from './channel-routes.ts';
import { ChannelStage } from './channel-stage.ts';
import { bucketElsewhere, bucketOnAws } from './channel-store.ts';
import { acknowledgeFindings } from './nag-acknowledgements.ts';
import type { StackSettings } from './settings/stack-settings.ts';

/** All of it: the bucket, the functions that serve and publish, and the HTTP API before them. */
export class NixChannelStack extends Stack {
  constructor(scope: Construct, id: string, settings: StackSettings) {
    super(scope, id, { stackName: settings.stackName, description: 'Nix channels in a bucket, behind an HTTP API' });
    const elsewhere = bucketElsewhere(settings);
    const { breakGlassRoleName } = settings;
    const store = elsewhere ?? bucketOnAws(new ChannelBucket(this, 'Bucket', { breakGlassRoleName }).bucket);
    const api = new HttpApi(this, 'Api', {
      apiName: settings.stackName,
      description: 'Nix channels: reading, and publishing under /publish/',
      createDefaultStage: false,
    });
    // Its id is in the URLs that people have in their configuration.
    (api.node.defaultChild as CfnApi).overrideLogicalId('ChannelApi');
    const baseUrl = settings.baseUrl ?? api.apiEndpoint;

    const environment = {
      BUCKET: store.bucketName,
      BASE_URL: baseUrl,
      ...(settings.s3Endpoint === undefined ? {} : { S3_ENDPOINT: settings.s3Endpoint }),
      ...(settings.s3PathStyle === undefined ? {} : { S3_PATH_STYLE: settings.s3PathStyle }),
      ...store.environment,
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
      statements: store.serveStatements,
    });
    const serialised = settings.conditionalWrites === 'serialised';
    const publish = new ChannelFunction(this, 'Publish', {
      entry: 'publish',
      description: 'Takes publish operations; the bytes go to the bucket directly',
      // 500 part URLs are signed in one request: about 0.1 s on a full vCPU, 0.4 s here.
      memoryMegabytes: 512,
      timeoutSeconds: 29, // the gateway gives up after 30
      environment: { ...environment, ...(serialised ? { CONDITIONAL_WRITES: settings.conditionalWrites } : {}) },
      logGroup: this.#logGroup('PublishLog', settings),
      statements: store.publishStatements,
      // Whoever compares before writing must be alone.
      ...(serialised ? { reservedConcurrency: 1 } : {}),
    });

    const targets = { serve: serve.lambda, publish: publish.lambda };
    const { routes, publicRoutes } = new ChannelRoutes(this, 'Routes', { api, targets });
    new ChannelStage(this, 'Stage', { api, routes, logGroup: this.#logGroup('AccessLog', settings) });
    acknowledgeFindings({ bucket: store.bucket, publicRoutes, serveRole: serve.role, publishRole: publish.role });

    this.#output('ApiUrl', baseUrl, 'The base URL for readers and publishers');
    this.#output('ApiEndpoint', api.apiEndpoint, "The API's own domain, for a DNS name or proxy to point at");
    this.#output('BucketName', store.bucketName, 'The bucket of catalog, records and tarballs');
    if (store.lifecycle !== undefined)
      this.#output(
        'LifecycleJson',
        store.lifecycle,
        'For put-bucket-lifecycle-configuration at the store, joined with the rules that the bucket has',
      );
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

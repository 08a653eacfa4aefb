import { CfnOutput, RemovalPolicy, Stack, Tags } from 'aws-cdk-lib';
import { type CfnApi, HttpApi, type HttpStage, IpAddressType } from 'aws-cdk-lib/aws-apigatewayv2';
import { Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { type CfnLogGroup, LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { ChannelBucket } from './channel-bucket.ts';
import { ChannelDomain } from './channel-domain.ts';
import { ChannelFunction } from './channel-function.ts';
import { ChannelPublishers } from './channel-publishers.ts';
import { ChannelRoutes } from './channel-routes.ts';
import { ChannelStage } from './channel-stage.ts';
import { ExistingBucket } from './existing-bucket.ts';
import { acknowledgeFindings } from './nag-acknowledgements.ts';
import type { StackSettings } from './settings/stack-settings.ts';

const allow = (actions: readonly string[], resource: string): PolicyStatement =>
  new PolicyStatement({ effect: Effect.ALLOW, actions: [...actions], resources: [resource] });

/** All of it: the bucket, the functions that serve and publish, and the HTTP API before them. */
export class NixChannelStack extends Stack {
  constructor(scope: Construct, id: string, settings: StackSettings) {
    super(scope, id, { stackName: settings.stackName, description: 'Nix channels in a bucket, behind an HTTP API' });
    for (const [key, value] of Object.entries(settings.tags)) Tags.of(this).add(key, value);
    const { existingBucketName: bucketName, domainName } = settings;
    const { bucket } =
      bucketName === undefined
        ? new ChannelBucket(this, 'Bucket', settings)
        : new ExistingBucket(this, 'Bucket', { ...settings, bucketName });
    const api = new HttpApi(this, 'Api', {
      apiName: settings.stackName,
      description: 'Nix channels: reading, and publishing under /publish/',
      createDefaultStage: false,
      ipAddressType: IpAddressType.DUAL_STACK,
    });
    // Its id is in the URLs that people have in their configuration.
    (api.node.defaultChild as CfnApi).overrideLogicalId('ChannelApi');
    const baseUrl = settings.baseUrl ?? (domainName === undefined ? api.apiEndpoint : `https://${domainName}`);

    const environment = {
      BUCKET: bucket.bucketName,
      BASE_URL: baseUrl,
      LOG_LEVEL: settings.logLevel,
      ...(settings.s3Endpoint === undefined ? {} : { S3_ENDPOINT: settings.s3Endpoint }),
    };
    const serve = new ChannelFunction(this, 'Serve', {
      entry: 'serve',
      description: 'Answers Nix: channels, and redirects to presigned URLs',
      memoryMegabytes: settings.serveMemoryMegabytes,
      reservedConcurrency: settings.serveReservedConcurrency,
      timeoutSeconds: 10,
      environment: {
        ...environment,
        CHANNEL_MAX_AGE_SECONDS: String(settings.channelMaxAgeSeconds),
        PRESIGN_LIFETIME_SECONDS: String(settings.presignLifetimeSeconds),
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
      memoryMegabytes: settings.publishMemoryMegabytes,
      timeoutSeconds: 29, // the gateway gives up after 30
      environment: { ...environment, RELEASE_TAGGING: '1' },
      logGroup: this.#logGroup('PublishLog', settings),
      statements: [
        allow(
          [
            's3:GetObject',
            's3:PutObject',
            's3:PutObjectTagging', // an upload is opened with the tag of its object
            's3:AbortMultipartUpload',
            's3:ListMultipartUploadParts',
          ],
          bucket.arnForObjects('*'),
        ),
        allow(['s3:ListBucket', 's3:ListBucketMultipartUploads'], bucket.bucketArn),
        // What the doctor looks at to say whether the bucket protects its releases.
        allow(
          [
            's3:GetBucketPolicy',
            's3:GetLifecycleConfiguration',
            's3:GetBucketVersioning',
            's3:GetBucketPublicAccessBlock',
          ],
          bucket.bucketArn,
        ),
      ],
    });

    const targets = { serve: serve.lambda, publish: publish.lambda };
    const { routes, publicRoutes } = new ChannelRoutes(this, 'Routes', { api, targets });
    const { publishRateLimit, publishBurstLimit, readRateLimit: rate, readBurstLimit: burst } = settings;
    const { stage } = new ChannelStage(this, 'Stage', {
      api,
      routes,
      logGroup: this.#logGroup('AccessLog', settings),
      limits: {
        publish: { rate: publishRateLimit, burst: publishBurstLimit },
        serve: rate === undefined || burst === undefined ? undefined : { rate, burst },
      },
    });
    if (domainName !== undefined) this.#domain({ ...settings, domainName }, api, stage);
    acknowledgeFindings({ bucket, publicRoutes, serveRole: serve.role, publishRole: publish.role });

    const { publishers, githubOidcProvider } = settings;
    new ChannelPublishers(this, 'Publishers', { api, publishers, githubOidcProvider });

    this.#output('ApiUrl', baseUrl, 'The base URL for readers and publishers');
    this.#output('ApiEndpoint', api.apiEndpoint, "The API's own domain, which always answers, for a proxy to point at");
    this.#output('BucketName', bucket.bucketName, 'The bucket of catalog, records and tarballs');
    this.#output(
      'PublishArn',
      api.arnForExecuteApi('*', '/publish/*', '$default'),
      'Allow execute-api:Invoke on it to administrators; for one channel end it in /publish/channels/NAME/*, and add /publish/channels/NAME',
    );
  }

  #domain(settings: StackSettings & { readonly domainName: string }, api: HttpApi, stage: HttpStage): void {
    const { domainName, hostedZoneId: id, hostedZoneName: name, certificateArn } = settings;
    const zone = id === undefined || name === undefined ? undefined : { id, name };
    const { target } = new ChannelDomain(this, 'Domain', { api, stage, domainName, zone, certificateArn });
    if (zone !== undefined) return;
    this.#output('DomainTarget', target.domainName, `Where the CNAME or alias record of ${domainName} has to lead`);
    this.#output('DomainTargetZone', target.hostedZoneId, 'The zone of that target, which an alias record wants');
  }

  #logGroup(id: string, settings: StackSettings): LogGroup {
    const { logRetentionDays: retention } = settings;
    const logGroup = new LogGroup(this, id, { retention, removalPolicy: RemovalPolicy.DESTROY });
    (logGroup.node.defaultChild as CfnLogGroup).overrideLogicalId(id);
    return logGroup;
  }

  #output(key: string, value: string, description: string): void {
    new CfnOutput(this, key, { value, description });
  }
}

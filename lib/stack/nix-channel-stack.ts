import { CfnOutput, RemovalPolicy, Stack, Tags } from 'aws-cdk-lib';
import { type CfnApi, HttpApi, type HttpStage, IpAddressType } from 'aws-cdk-lib/aws-apigatewayv2';
import { type CfnLogGroup, LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { deliveryStatements } from '../domain/bucket-policy.ts';
import { ChannelDomain, ChannelRoutes, ChannelStage } from './api.ts';
import { allow, bucketElsewhere, bucketOnAws, ChannelBucket, ExistingBucket } from './bucket.ts';
import { ChannelDelivery } from './delivery.ts';
import { ChannelFunction, functionEnvironments } from './functions.ts';
import { acknowledgeFindings } from './nag-acknowledgements.ts';
import { ChannelOperations } from './operations.ts';
import { ChannelPublishers } from './publishers.ts';
import { githubIssuer } from './settings/ci-publisher.ts';
import type { StackSettings } from './settings/stack-settings.ts';
import { TakedownRole } from './takedown-role.ts';

/**
 * API Gateway times out after 30 s. In the worst case serve waits eight times for 3 s: for the catalog, an issuer's discovery
 * document and keys, the deny list, a release, its channel's record, other records, and that release again.
 */
const timeoutSeconds = { serve: 27, publish: 29 };

/** The whole service: the bucket, the functions that serve and publish, and the HTTP API in front of them. */
export class NixChannelStack extends Stack {
  constructor(scope: Construct, id: string, settings: StackSettings) {
    super(scope, id, {
      stackName: settings.stackName,
      description: 'Nix channels in a bucket, behind an HTTP API',
      // Locks contain the id of its API. If this were not set, each deployment would remove a protection that was set by hand.
      terminationProtection: settings.removalPolicy === 'retain',
    });
    for (const [key, value] of Object.entries(settings.tags)) Tags.of(this).add(key, value);
    const { domainName } = settings;
    const elsewhere = bucketElsewhere(settings);
    const own = elsewhere === undefined ? this.#bucket(settings) : undefined;
    const store = elsewhere ?? bucketOnAws(own as ChannelBucket | ExistingBucket);
    const api = new HttpApi(this, 'Api', {
      apiName: settings.stackName,
      description: 'Nix channels: reading, and publishing under /publish/',
      createDefaultStage: false,
      ipAddressType: IpAddressType.DUAL_STACK,
    });
    // Its id is in URLs that users have in their configuration.
    (api.node.defaultChild as CfnApi).overrideLogicalId('ChannelApi');
    const baseUrl = settings.baseUrl ?? (domainName === undefined ? api.apiEndpoint : `https://${domainName}`);

    const delivery = own === undefined ? undefined : this.#delivery(own, settings);
    const environments = functionEnvironments(settings, {
      bucketName: store.bucketName,
      baseUrl,
      store: store.environment,
      delivery: delivery?.environment ?? {},
    });
    const serveLog = this.#logGroup('ServeLog', settings);
    const publishLog = this.#logGroup('PublishLog', settings);
    // API Gateway adds each log group to a policy of the region with room for about forty, unless its name begins like this
    // (CloudWatch Logs user guide, "Log group resource policy size limit considerations").
    const accessLog = this.#logGroup('AccessLog', settings, `/aws/vendedlogs/${settings.stackName}/access`);
    const serve = new ChannelFunction(this, 'Serve', {
      entry: 'serve',
      description: 'Answers Nix: channels, and redirects to presigned URLs',
      memoryMegabytes: settings.serveMemoryMegabytes,
      reservedConcurrency: settings.serveReservedConcurrency,
      timeoutSeconds: timeoutSeconds.serve,
      environment: environments.serve,
      logGroup: serveLog,
      statements: [...store.serveStatements, ...(delivery?.statements ?? [])],
    });
    for (const needed of delivery?.needed ?? []) serve.lambda.node.addDependency(needed);
    const publish = new ChannelFunction(this, 'Publish', {
      entry: 'publish',
      description: 'Takes publish operations; the bytes go to the bucket directly',
      memoryMegabytes: settings.publishMemoryMegabytes,
      timeoutSeconds: timeoutSeconds.publish,
      environment: { ...environments.publish, ...store.publishEnvironment, ...delivery?.publishEnvironment },
      logGroup: publishLog,
      statements: store.publishStatements,
      // In this mode the function compares before it writes, so only one instance may run.
      ...(settings.conditionalWrites === 'serialised' ? { reservedConcurrency: 1 } : {}),
    });

    store.protect?.({ ...settings, publishRoleArn: publish.role.roleArn });

    const targets = { serve: serve.lambda, publish: publish.lambda };
    const { routes, publicRoutes } = new ChannelRoutes(this, 'Routes', { api, targets });
    const { publishRateLimit, publishBurstLimit, readRateLimit: rate, readBurstLimit: burst } = settings;
    const { stage } = new ChannelStage(this, 'Stage', {
      api,
      routes,
      logGroup: accessLog,
      limits: {
        publish: { rate: publishRateLimit, burst: publishBurstLimit },
        serve: rate === undefined || burst === undefined ? undefined : { rate, burst },
      },
    });
    if (domainName !== undefined) this.#domain({ ...settings, domainName }, api, stage);
    new ChannelOperations(this, 'Operations', {
      ...settings,
      service: settings.stackName,
      api,
      bucketName: store.bucket?.bucketName,
      ...targets,
      serveLog,
      publishLog,
      accessLog,
      distribution: delivery?.distribution,
      timeoutSeconds,
    });
    acknowledgeFindings({ bucket: store.bucket, publicRoutes, serveRole: serve.role, publishRole: publish.role });

    const { takedownRoleName: roleName, takedownPrincipals: principals } = settings;
    if (roleName !== undefined && store.bucket !== undefined)
      new TakedownRole(this, 'Takedown', {
        roleName,
        principals,
        bucket: store.bucket,
        api,
        distributionArn: delivery?.distribution.distributionArn,
      });

    const { publishers, githubOidcProvider, oidcProviders } = settings;
    const github = githubOidcProvider === undefined ? {} : { [githubIssuer]: githubOidcProvider };
    new ChannelPublishers(this, 'Publishers', { api, publishers, oidcProviders: { ...oidcProviders, ...github } });

    this.#output('ApiUrl', baseUrl, 'The base URL for readers');
    this.#output(
      'ApiEndpoint',
      api.apiEndpoint,
      "The API's own domain, which always answers: for publishers, and for a proxy to point at",
    );
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

  #bucket(settings: StackSettings): ChannelBucket | ExistingBucket {
    const { existingBucketName: bucketName } = settings;
    return bucketName === undefined
      ? new ChannelBucket(this, 'Bucket', settings)
      : new ExistingBucket(this, 'Bucket', bucketName);
  }

  /** The distribution that delivers releases, and what serve gets for it; undefined: S3 delivers them. */
  #delivery(own: ChannelBucket | ExistingBucket, settings: StackSettings) {
    if (settings.delivery === 'bucket') return undefined;
    const logGroup = this.#logGroup('DeliveryKeyLog', settings);
    const { distribution, keys, url, domainTarget } = new ChannelDelivery(this, 'Delivery', {
      settings,
      bucket: own.bucket,
      logGroup,
    });
    const { distributionArn } = distribution;
    const needed = own.allow(deliveryStatements({ bucketArn: own.bucket.bucketArn, distributionArn }));
    this.#output('DeliveryUrl', url, 'Where readers download releases, by URLs that serve signs');
    this.#output('DeliveryDistributionArn', distributionArn, 'For a flat-rate plan, logs and invalidations');
    if (domainTarget !== undefined)
      this.#output(
        'DeliveryDomainTarget',
        domainTarget,
        `Where the CNAME or alias record of ${settings.deliveryDomainName} has to lead`,
      );
    const { id, secretArn } = keys.signing;
    return {
      distribution,
      needed,
      environment: { DELIVERY_URL: url, DELIVERY_KEY_ID: id, DELIVERY_SECRET: secretArn },
      // For whoever takes a release down: the function itself invalidates nothing.
      publishEnvironment: { DELIVERY_DISTRIBUTION_ID: distribution.distributionId },
      statements: [allow(['secretsmanager:GetSecretValue'], secretArn)],
    };
  }

  #domain(settings: StackSettings & { readonly domainName: string }, api: HttpApi, stage: HttpStage): void {
    const { domainName, hostedZoneId: id, hostedZoneName: name, certificateArn } = settings;
    const zone = id === undefined || name === undefined ? undefined : { id, name };
    const { target } = new ChannelDomain(this, 'Domain', { api, stage, domainName, zone, certificateArn });
    if (zone !== undefined) return;
    this.#output('DomainTarget', target.domainName, `Where the CNAME or alias record of ${domainName} has to lead`);
    this.#output('DomainTargetZone', target.hostedZoneId, 'The zone of that target, which an alias record wants');
  }

  #logGroup(id: string, { logRetentionDays: retention }: StackSettings, logGroupName?: string): LogGroup {
    const logGroup = new LogGroup(this, id, {
      retention,
      removalPolicy: RemovalPolicy.DESTROY,
      ...(logGroupName === undefined ? {} : { logGroupName }),
    });
    (logGroup.node.defaultChild as CfnLogGroup).overrideLogicalId(id);
    return logGroup;
  }

  #output(key: string, value: string, description: string): void {
    new CfnOutput(this, key, { value, description });
  }
}

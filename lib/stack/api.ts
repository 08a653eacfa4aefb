import { ArnFormat, Stack } from 'aws-cdk-lib';
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import {
  ApiMapping,
  type CfnDomainName,
  type CfnStage,
  DomainName,
  type HttpApi,
  HttpMethod,
  HttpNoneAuthorizer,
  type HttpRoute,
  HttpStage,
  type IHttpRouteAuthorizer,
  IpAddressType,
  SecurityPolicy,
} from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpIamAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { Certificate, CertificateValidation, type CfnCertificate } from 'aws-cdk-lib/aws-certificatemanager';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { LogGroup } from 'aws-cdk-lib/aws-logs';
import { AaaaRecord, ARecord, HostedZone, RecordTarget } from 'aws-cdk-lib/aws-route53';
import { ApiGatewayv2DomainProperties } from 'aws-cdk-lib/aws-route53-targets';
import { Construct } from 'constructs';
import { type Route, routeKey, routes } from '../api/routes.ts';

interface ChannelRoutesProps {
  readonly api: HttpApi;
  readonly targets: Readonly<Record<Route['target'], IFunction>>;
}

/** The table of routes as routes of the API. API Gateway answers everything else with 404. */
export class ChannelRoutes extends Construct {
  readonly routes: readonly HttpRoute[];
  /** Those without authorization. */
  readonly publicRoutes: readonly HttpRoute[];

  constructor(scope: Construct, id: string, props: ChannelRoutesProps) {
    super(scope, id);
    // One permission per function instead of one per route: a function's policy has at most 20 KB.
    const integrate = (name: string, target: IFunction) =>
      new HttpLambdaIntegration(name, target, { scopePermissionToRoute: false });
    const integrations: Record<Route['target'], HttpLambdaIntegration> = {
      serve: integrate('Serve', props.targets.serve),
      publish: integrate('Publish', props.targets.publish),
    };
    const authorizers: Record<Route['authorization'], IHttpRouteAuthorizer> = {
      none: new HttpNoneAuthorizer(),
      iam: new HttpIamAuthorizer(),
    };
    const add = (route: Route): HttpRoute[] =>
      props.api.addRoutes({
        path: route.path,
        methods: [HttpMethod[route.method]],
        integration: integrations[route.target],
        authorizer: authorizers[route.authorization],
      });
    this.publicRoutes = routes.filter((route) => route.authorization === 'none').flatMap(add);
    this.routes = [...this.publicRoutes, ...routes.filter((route) => route.authorization !== 'none').flatMap(add)];
  }
}

/** Requests per second, and at once, that each route accepts. */
interface RouteLimit {
  readonly rate: number;
  readonly burst: number;
}

interface ChannelStageProps {
  readonly api: HttpApi;
  readonly routes: readonly HttpRoute[];
  readonly logGroup: LogGroup;
  /** By the function behind the routes; undefined: only the limits of the account. */
  readonly limits: Readonly<Record<Route['target'], RouteLimit | undefined>>;
}

/**
 * One line per request. It has the route's template instead of the path, so no upload id, and no query string, token or header
 * except the user agent. The channel is in the log line of the function, with the same request id.
 */
const accessLogFormat = {
  // The client's own text is first: even if it were not escaped, the keys after it would override what it contains.
  userAgent: '$context.identity.userAgent',
  requestId: '$context.requestId',
  time: '$context.requestTime',
  routeKey: '$context.routeKey',
  status: '$context.status',
  responseLength: '$context.responseLength',
  responseLatency: '$context.responseLatency',
  integrationLatency: '$context.integrationLatency',
  integrationError: '$context.integrationErrorMessage',
  error: '$context.error.message',
  sourceIp: '$context.identity.sourceIp',
  caller: '$context.identity.userArn',
};

/** A log group's own `Arn` ends in `:*`, which API Gateway drops: drift detection would report the stage for ever. */
const arnWithoutWildcard = (logGroup: LogGroup): string =>
  Stack.of(logGroup).formatArn({
    service: 'logs',
    resource: 'log-group',
    resourceName: logGroup.logGroupName,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });

/** The stage `$default`: no stage name in URLs, and each change of the API is deployed at once. */
export class ChannelStage extends Construct {
  readonly stage: HttpStage;

  constructor(scope: Construct, id: string, props: ChannelStageProps) {
    super(scope, id);
    this.stage = new HttpStage(this, 'Default', {
      httpApi: props.api,
      stageName: '$default',
      autoDeploy: true,
      accessLogSettings: {
        destination: { bind: () => ({ destinationArn: arnWithoutWildcard(props.logGroup) }) },
        format: AccessLogFormat.custom(JSON.stringify(accessLogFormat)),
      },
    });
    // The construct has no limits per route. CloudFormation passes this map on as JSON, hence the upper-case keys.
    const resource = this.stage.node.defaultChild as CfnStage;
    resource.routeSettings = Object.fromEntries(
      routes.flatMap((route) => {
        const limit = props.limits[route.target];
        if (limit === undefined) return [];
        return [[routeKey(route), { ThrottlingRateLimit: limit.rate, ThrottlingBurstLimit: limit.burst }]];
      }),
    );
    // A stage with settings for a route that does not exist yet fails to deploy.
    for (const route of props.routes) resource.node.addDependency(route);
  }
}

interface ChannelDomainProps {
  readonly api: HttpApi;
  readonly stage: HttpStage;
  readonly domainName: string;
  /** Undefined: the DNS is not in Route 53, and there is a certificate. */
  readonly zone: { readonly id: string; readonly name: string } | undefined;
  readonly certificateArn: string | undefined;
}

/** The API under a custom domain. The generated domain keeps working: earlier locks contain it. */
export class ChannelDomain extends Construct {
  /** The target of an alias or CNAME record. */
  readonly target: { readonly domainName: string; readonly hostedZoneId: string };

  constructor(scope: Construct, id: string, props: ChannelDomainProps) {
    super(scope, id);
    const { api, stage, domainName } = props;
    // From its attributes: a lookup would need the account at synth.
    const zone =
      props.zone &&
      HostedZone.fromHostedZoneAttributes(this, 'Zone', { hostedZoneId: props.zone.id, zoneName: props.zone.name });
    const domain = new DomainName(this, 'Name', {
      domainName,
      securityPolicy: SecurityPolicy.TLS_1_2,
      // The AAAA record needs it.
      ipAddressType: IpAddressType.DUAL_STACK,
      certificate:
        props.certificateArn === undefined
          ? this.#certificate(domainName, CertificateValidation.fromDns(zone))
          : Certificate.fromCertificateArn(this, 'Certificate', props.certificateArn),
    });
    (domain.node.defaultChild as CfnDomainName).overrideLogicalId('ChannelDomain');
    new ApiMapping(this, 'Mapping', { api, stage, domainName: domain });
    const { regionalDomainName, regionalHostedZoneId } = domain;
    this.target = { domainName: regionalDomainName, hostedZoneId: regionalHostedZoneId };
    if (zone === undefined) return;
    const target = RecordTarget.fromAlias(new ApiGatewayv2DomainProperties(regionalDomainName, regionalHostedZoneId));
    new ARecord(this, 'A', { zone, recordName: `${domainName}.`, target });
    new AaaaRecord(this, 'Aaaa', { zone, recordName: `${domainName}.`, target });
  }

  #certificate(domainName: string, validation: CertificateValidation): Certificate {
    const certificate = new Certificate(this, 'Certificate', { domainName, validation });
    (certificate.node.defaultChild as CfnCertificate).overrideLogicalId('ChannelCertificate');
    return certificate;
  }
}

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

/** The table of routes as routes of the API, one for one: what the table does not have, the gateway answers with 404. */
export class ChannelRoutes extends Construct {
  readonly routes: readonly HttpRoute[];
  /** Those that anybody may call. */
  readonly publicRoutes: readonly HttpRoute[];

  constructor(scope: Construct, id: string, props: ChannelRoutesProps) {
    super(scope, id);
    // One permission a function instead of one a route, or the function's policy outgrows its 20 KB with the table.
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

/** Requests a second, and at once, that each route takes. */
interface RouteLimit {
  readonly rate: number;
  readonly burst: number;
}

interface ChannelStageProps {
  readonly api: HttpApi;
  readonly routes: readonly HttpRoute[];
  readonly logGroup: LogGroup;
  /** By the function behind the routes; undefined is none but the account's own. */
  readonly limits: Readonly<Record<Route['target'], RouteLimit | undefined>>;
}

/**
 * One line a request. The route stands there as its template: no path, so no upload id, no query string, no header but the
 * user agent, and no token. Which channel was read is in the log line of the function, under the same request id.
 */
const accessLogFormat = {
  // The client's own text stands first: were it not escaped, the keys after it would still be the gateway's.
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

/** The stage `$default`: no stage name in URLs, each change of the API live at once. */
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
    // The construct offers no limit for a single route. CloudFormation passes this map through as JSON, hence its spelling.
    const resource = this.stage.node.defaultChild as CfnStage;
    resource.routeSettings = Object.fromEntries(
      routes.flatMap((route) => {
        const limit = props.limits[route.target];
        if (limit === undefined) return [];
        return [[routeKey(route), { ThrottlingRateLimit: limit.rate, ThrottlingBurstLimit: limit.burst }]];
      }),
    );
    // A stage with settings for a route that is not there yet fails to deploy.
    for (const route of props.routes) resource.node.addDependency(route);
  }
}

interface ChannelDomainProps {
  readonly api: HttpApi;
  readonly stage: HttpStage;
  readonly domainName: string;
  /** Undefined: whoever deploys keeps the DNS, and gives the certificate. */
  readonly zone: { readonly id: string; readonly name: string } | undefined;
  readonly certificateArn: string | undefined;
}

/** The API under a domain of one's own. Its generated one stays on as well: locks from before name it. */
export class ChannelDomain extends Construct {
  /** What an alias or CNAME record has to lead to. */
  readonly target: { readonly domainName: string; readonly hostedZoneId: string };

  constructor(scope: Construct, id: string, props: ChannelDomainProps) {
    super(scope, id);
    const { api, stage, domainName } = props;
    // By its attributes: a look-up would need the account while synthesizing.
    const zone =
      props.zone &&
      HostedZone.fromHostedZoneAttributes(this, 'Zone', { hostedZoneId: props.zone.id, zoneName: props.zone.name });
    const domain = new DomainName(this, 'Name', {
      domainName,
      securityPolicy: SecurityPolicy.TLS_1_2,
      // Without it the AAAA record leads nowhere.
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

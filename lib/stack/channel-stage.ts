import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import {
  type CfnStage,
  type HttpApi,
  type HttpRoute,
  HttpStage,
  LogGroupLogDestination,
} from 'aws-cdk-lib/aws-apigatewayv2';
import type { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { type Route, routeKey, routes } from '../domain/routes.ts';

/** Requests a second, and at once, that each route takes. */
export interface RouteLimit {
  readonly rate: number;
  readonly burst: number;
}

export interface ChannelStageProps {
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
        destination: new LogGroupLogDestination(props.logGroup),
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

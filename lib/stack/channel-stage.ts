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
import { routeKey, routes } from '../domain/routes.ts';

export interface ChannelStageProps {
  readonly api: HttpApi;
  readonly routes: readonly HttpRoute[];
  readonly logGroup: LogGroup;
}

/**
 * One line a request. The route stands there as its template: no path, so no upload id, no query string, no header but the
 * user agent, and no token. Which channel was read is in the log line of the function, under the same request id.
 */
const accessLogFormat = {
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
  userAgent: '$context.identity.userAgent',
  caller: '$context.identity.userArn',
};

/**
 * A publish is about five requests, and a re-run of a whole CI matrix some dozens at once; a loop gone wild is thousands. They
 * share the account's Lambda concurrency with the readers, which is why only these routes have a limit.
 */
const publishLimit = { ThrottlingRateLimit: 20, ThrottlingBurstLimit: 40 };

/** The stage `$default`: no stage name in URLs, each change of the API live at once. */
export class ChannelStage extends Construct {
  constructor(scope: Construct, id: string, props: ChannelStageProps) {
    super(scope, id);
    const stage = new HttpStage(this, 'Default', {
      httpApi: props.api,
      stageName: '$default',
      autoDeploy: true,
      accessLogSettings: {
        destination: new LogGroupLogDestination(props.logGroup),
        format: AccessLogFormat.custom(JSON.stringify(accessLogFormat)),
      },
    });
    // The construct offers no limit for a single route. CloudFormation passes this map through as JSON, hence its spelling.
    const resource = stage.node.defaultChild as CfnStage;
    resource.routeSettings = Object.fromEntries(
      routes.filter((route) => route.target === 'publish').map((route) => [routeKey(route), publishLimit]),
    );
    // A stage with settings for a route that is not there yet fails to deploy.
    for (const route of props.routes) resource.node.addDependency(route);
  }
}

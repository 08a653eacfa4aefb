import {
  type HttpApi,
  HttpMethod,
  HttpNoneAuthorizer,
  type HttpRoute,
  type IHttpRouteAuthorizer,
} from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpIamAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { type Route, routes } from '../domain/routes.ts';

export interface ChannelRoutesProps {
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

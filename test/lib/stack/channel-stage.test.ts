import { describe, expect, it } from '@jest/globals';
import { routeKey, routes } from '../../../lib/domain/routes.ts';
import { SynthesizedStack } from '../../support/synth-stack.ts';

const stack = new SynthesizedStack();
const stage = stack.resource('AWS::ApiGatewayV2::Stage');

describe('the stage', () => {
  it('is the only one, has no name in URLs and deploys by itself', () => {
    expect(stage.Properties).toMatchObject({ ApiId: '<ChannelApi>', StageName: '$default', AutoDeploy: true });
  });

  it('limits the publish routes and no others', () => {
    const limit = { ThrottlingRateLimit: 50, ThrottlingBurstLimit: 100 };
    const publish = routes.filter((route) => route.target === 'publish').map(routeKey);

    expect(stage.Properties.RouteSettings).toEqual(Object.fromEntries(publish.map((key) => [key, limit])));
    expect(stage.Properties).not.toHaveProperty('DefaultRouteSettings');
  });

  it('limits each kind of route as it is told to', () => {
    const limits = new SynthesizedStack({
      publishRateLimit: 5,
      publishBurstLimit: '6',
      readRateLimit: 700,
      readBurstLimit: '800',
    }).resource('AWS::ApiGatewayV2::Stage').Properties.RouteSettings;

    expect(limits).toEqual(
      Object.fromEntries(
        routes.map((route) => [
          routeKey(route),
          route.target === 'publish'
            ? { ThrottlingRateLimit: 5, ThrottlingBurstLimit: 6 }
            : { ThrottlingRateLimit: 700, ThrottlingBurstLimit: 800 },
        ]),
      ),
    );
  });

  it('waits for every route, since settings of an unknown one are refused', () => {
    const ids = stack.resources('AWS::ApiGatewayV2::Route').map(({ id }) => id);

    expect(stage.DependsOn).toEqual(expect.arrayContaining(ids));
  });

  it('logs each request as one JSON object without path, query and headers', () => {
    const log = stage.Properties.AccessLogSettings as { DestinationArn: string; Format: string };
    const variables = Object.values(JSON.parse(log.Format) as Record<string, string>).sort();

    expect(log.DestinationArn).toBe(`<${stack.resource('AWS::Logs::LogGroup', 'AccessLog').id}.Arn>`);
    expect(variables).toEqual([
      '$context.error.message',
      '$context.identity.sourceIp',
      '$context.identity.userAgent',
      '$context.identity.userArn',
      '$context.integrationErrorMessage',
      '$context.integrationLatency',
      '$context.requestId',
      '$context.requestTime',
      '$context.responseLatency',
      '$context.responseLength',
      '$context.routeKey',
      '$context.status',
    ]);
  });

  it('has what the client says of itself before all else, so that it can only be overruled', () => {
    const { Format } = stage.Properties.AccessLogSettings as { Format: string };
    const sent = `curl","status":"429","routeKey":"GET /channel/{channel}`;
    const line = Format.replace('$context.identity.userAgent', sent).replace('$context.status', '307');

    expect(JSON.parse(line)).toMatchObject({ status: '307', routeKey: '$context.routeKey' });
  });
});

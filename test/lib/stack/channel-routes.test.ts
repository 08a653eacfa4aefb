import { describe, expect, it } from '@jest/globals';
import { routeKey, routes } from '../../../lib/domain/routes.ts';
import { SynthesizedStack } from '../../support/synth-stack.ts';

const stack = new SynthesizedStack();
const deployed = stack.resources('AWS::ApiGatewayV2::Route');
const integrations = stack.resources('AWS::ApiGatewayV2::Integration');
const authorizationTypes = { none: 'NONE', iam: 'AWS_IAM' } as const;
const functionIds = {
  serve: stack.resource('AWS::Lambda::Function', 'Serve').id,
  publish: stack.resource('AWS::Lambda::Function', 'Publish').id,
} as const;

describe('the routes of the API', () => {
  it('are those of the table and no others', () => {
    expect(deployed.map(({ Properties }) => Properties.RouteKey)).toEqual(routes.map(routeKey));
  });

  it.each(routes.map((route) => [routeKey(route), route] as const))(
    '%s is authorized and goes as the table says',
    (key, route) => {
      const found = deployed.find(({ Properties }) => Properties.RouteKey === key);
      const target = integrations.find(({ id }) => found?.Properties.Target === `integrations/<${id}>`);

      expect(found?.Properties.AuthorizationType).toBe(authorizationTypes[route.authorization]);
      expect(target?.Properties).toEqual({
        ApiId: '<ChannelApi>',
        IntegrationType: 'AWS_PROXY',
        IntegrationUri: `<${functionIds[route.target]}.Arn>`,
        PayloadFormatVersion: '2.0',
      });
    },
  );

  it('ask for a signature everywhere under /publish/', () => {
    const open = deployed.filter(({ Properties }) => Properties.AuthorizationType !== 'AWS_IAM');

    expect(
      open.map(({ Properties }) => String(Properties.RouteKey)).filter((key) => key.includes(' /publish')),
    ).toEqual([]);
  });

  it('invoke each function by one permission, for this API alone', () => {
    const permissions = stack
      .resources('AWS::Lambda::Permission')
      .map(({ Properties }) => Properties)
      .filter(({ Principal }) => Principal === 'apigateway.amazonaws.com');

    expect(permissions).toEqual(
      Object.values(functionIds).map((id) => ({
        Action: 'lambda:InvokeFunction',
        FunctionName: `<${id}.Arn>`,
        Principal: 'apigateway.amazonaws.com',
        SourceArn: 'arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>:<ChannelApi>/*/*/*',
      })),
    );
  });
});

import { describe, expect, it } from '@jest/globals';
import { routeKey, routes } from '../../../lib/api/routes.ts';
import { SynthesizedStack } from '../../support/synth-stack.ts';

describe('the domain of the API', () => {
  const domainName = 'nix.example.org';
  const certificateArn = 'arn:aws:acm:eu-central-1:123456789012:certificate/0123-abcd';
  const zoned = new SynthesizedStack({ domainName, hostedZoneId: 'Z123', hostedZoneName: 'example.org' });
  const alone = new SynthesizedStack({ domainName, certificateArn });

  const baseUrls = (of: SynthesizedStack) =>
    of
      .resources('AWS::Lambda::Function')
      .map(({ Properties }) => (Properties.Environment as { Variables: Record<string, string> }).Variables.BASE_URL);

  describe('a domain with its zone', () => {
    it('gets a certificate that is validated in the zone', () => {
      expect(zoned.resource('AWS::CertificateManager::Certificate')).toMatchObject({
        id: 'ChannelCertificate',
        Properties: {
          DomainName: domainName,
          ValidationMethod: 'DNS',
          DomainValidationOptions: [{ DomainName: domainName, HostedZoneId: 'Z123' }],
        },
      });
    });

    it('leads to the API over IPv4 and IPv6, with TLS 1.2 or newer', () => {
      expect(zoned.resource('AWS::ApiGatewayV2::DomainName')).toMatchObject({
        id: 'ChannelDomain',
        Properties: {
          DomainName: domainName,
          DomainNameConfigurations: [
            {
              CertificateArn: '<ChannelCertificate>',
              EndpointType: 'REGIONAL',
              IpAddressType: 'dualstack',
              SecurityPolicy: 'TLS_1_2',
            },
          ],
        },
      });
      expect(zoned.resource('AWS::ApiGatewayV2::ApiMapping')).toMatchObject({
        Properties: { ApiId: '<ChannelApi>', DomainName: '<ChannelDomain>', Stage: '$default' },
        DependsOn: expect.arrayContaining([zoned.resource('AWS::ApiGatewayV2::Stage').id]),
      });
    });

    it('gets A and AAAA records', () => {
      const records = zoned.resources('AWS::Route53::RecordSet').map(({ Properties }) => Properties);

      expect(records).toEqual(
        ['A', 'AAAA'].map((Type) => ({
          Type,
          Name: `${domainName}.`,
          HostedZoneId: 'Z123',
          AliasTarget: {
            DNSName: '<ChannelDomain.RegionalDomainName>',
            HostedZoneId: '<ChannelDomain.RegionalHostedZoneId>',
          },
        })),
      );
    });

    it('can use an existing certificate', () => {
      const given = new SynthesizedStack({
        domainName,
        certificateArn,
        hostedZoneId: 'Z123',
        hostedZoneName: 'example.org',
      });

      expect(given.resources('AWS::CertificateManager::Certificate')).toEqual([]);
      expect(given.resources('AWS::Route53::RecordSet')).toHaveLength(2);
    });
  });

  describe('a domain without a zone', () => {
    it('uses the certificate, creates no record, and has the target of one as an output', () => {
      expect(alone.resource('AWS::ApiGatewayV2::DomainName').Properties.DomainNameConfigurations).toMatchObject([
        { CertificateArn: certificateArn },
      ]);
      expect(alone.resources('AWS::Route53::RecordSet')).toEqual([]);
      expect(alone.outputs.DomainTarget?.Value).toBe('<ChannelDomain.RegionalDomainName>');
      expect(alone.outputs.DomainTargetZone?.Value).toBe('<ChannelDomain.RegionalHostedZoneId>');
      expect(zoned.outputs).not.toHaveProperty('DomainTarget');
    });
  });

  describe('the base URL', () => {
    it('is that of the domain by default', () => {
      for (const stack of [zoned, alone]) {
        expect(baseUrls(stack)).toEqual([`https://${domainName}`, `https://${domainName}`]);
        expect(stack.outputs.ApiUrl?.Value).toBe(`https://${domainName}`);
      }
    });

    it('can be set to another URL', () => {
      const baseUrl = 'https://cdn.example.org/nix';

      expect(baseUrls(new SynthesizedStack({ domainName, certificateArn, baseUrl }))).toEqual([baseUrl, baseUrl]);
    });
  });

  describe("the API's own domain", () => {
    it('keeps working beside a custom domain, because earlier locks contain it', () => {
      for (const stack of [zoned, new SynthesizedStack()]) {
        const { Properties } = stack.resource('AWS::ApiGatewayV2::Api');
        expect(Properties).not.toHaveProperty('DisableExecuteApiEndpoint');
        expect(Properties).toHaveProperty('IpAddressType', 'dualstack');
        expect(stack.outputs.ApiEndpoint?.Value).toBe('<ChannelApi.ApiEndpoint>');
      }
    });
  });
});

describe('ChannelRoutes', () => {
  const stack = new SynthesizedStack();
  const deployed = stack.resources('AWS::ApiGatewayV2::Route');
  const integrations = stack.resources('AWS::ApiGatewayV2::Integration');
  const authorizationTypes = { none: 'NONE', iam: 'AWS_IAM' } as const;
  const functionIds = {
    serve: stack.resource('AWS::Lambda::Function', 'Serve').id,
    publish: stack.resource('AWS::Lambda::Function', 'Publish').id,
  } as const;

  describe('the routes of the API', () => {
    it('are exactly those of the table', () => {
      expect(deployed.map(({ Properties }) => Properties.RouteKey)).toEqual(routes.map(routeKey));
    });

    it.each(routes.map((route) => [routeKey(route), route] as const))(
      '%s has the authorization and the function that the table says',
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

    it('require a signature everywhere under /publish/', () => {
      const open = deployed.filter(({ Properties }) => Properties.AuthorizationType !== 'AWS_IAM');

      expect(
        open.map(({ Properties }) => String(Properties.RouteKey)).filter((key) => key.includes(' /publish')),
      ).toEqual([]);
    });

    it('invoke each function with one permission, only for this API', () => {
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
});

describe('ChannelStage', () => {
  const stack = new SynthesizedStack();
  const stage = stack.resource('AWS::ApiGatewayV2::Stage');

  describe('the stage', () => {
    it('is the only one, has no name in URLs, and deploys automatically', () => {
      expect(stage.Properties).toMatchObject({ ApiId: '<ChannelApi>', StageName: '$default', AutoDeploy: true });
    });

    it('limits only the publish routes by default', () => {
      const limit = { ThrottlingRateLimit: 50, ThrottlingBurstLimit: 100 };
      const publish = routes.filter((route) => route.target === 'publish').map(routeKey);

      expect(stage.Properties.RouteSettings).toEqual(Object.fromEntries(publish.map((key) => [key, limit])));
      expect(stage.Properties).not.toHaveProperty('DefaultRouteSettings');
    });

    it('limits reading and publishing as the settings say', () => {
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

    it('depends on every route, because settings of an unknown route are refused', () => {
      const ids = stack.resources('AWS::ApiGatewayV2::Route').map(({ id }) => id);

      expect(stage.DependsOn).toEqual(expect.arrayContaining(ids));
    });

    it('logs each request as one JSON object without path, query and headers', () => {
      const log = stage.Properties.AccessLogSettings as { DestinationArn: string; Format: string };
      const variables = Object.values(JSON.parse(log.Format) as Record<string, string>).sort();

      // Without `:*`, or the stage would differ from the template for ever.
      expect(log.DestinationArn).toBe('arn:<AWS::Partition>:logs:<AWS::Region>:<AWS::AccountId>:log-group:<AccessLog>');
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

    it('logs the user agent first, so that later keys override what it contains', () => {
      const { Format } = stage.Properties.AccessLogSettings as { Format: string };
      const sent = `curl","status":"429","routeKey":"GET /channel/{channel}`;
      const line = Format.replace('$context.identity.userAgent', sent).replace('$context.status', '307');

      expect(JSON.parse(line)).toMatchObject({ status: '307', routeKey: '$context.routeKey' });
    });
  });
});

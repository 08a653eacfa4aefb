import { describe, expect, it } from '@jest/globals';
import { SynthesizedStack } from '../../support/synth-stack.ts';

const domainName = 'nix.example.org';
const certificateArn = 'arn:aws:acm:eu-central-1:123456789012:certificate/0123-abcd';
const zoned = new SynthesizedStack({ domainName, hostedZoneId: 'Z123', hostedZoneName: 'example.org' });
const alone = new SynthesizedStack({ domainName, certificateArn });

const baseUrls = (of: SynthesizedStack) =>
  of
    .resources('AWS::Lambda::Function')
    .map(({ Properties }) => (Properties.Environment as { Variables: Record<string, string> }).Variables.BASE_URL);

describe('a domain with its zone', () => {
  it('gets a certificate that the zone proves', () => {
    expect(zoned.resource('AWS::CertificateManager::Certificate')).toMatchObject({
      id: 'ChannelCertificate',
      Properties: {
        DomainName: domainName,
        ValidationMethod: 'DNS',
        DomainValidationOptions: [{ DomainName: domainName, HostedZoneId: 'Z123' }],
      },
    });
  });

  it('is of the API, for IPv4 and IPv6, by TLS 1.2 at least', () => {
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

  it('has records of both kinds', () => {
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

  it('may come with a certificate that is there already', () => {
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
  it('takes the certificate, makes no record, and says where one has to lead', () => {
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
  it('follows the domain', () => {
    for (const stack of [zoned, alone]) {
      expect(baseUrls(stack)).toEqual([`https://${domainName}`, `https://${domainName}`]);
      expect(stack.outputs.ApiUrl?.Value).toBe(`https://${domainName}`);
    }
  });

  it('may be another', () => {
    const baseUrl = 'https://cdn.example.org/nix';

    expect(baseUrls(new SynthesizedStack({ domainName, certificateArn, baseUrl }))).toEqual([baseUrl, baseUrl]);
  });
});

describe("the API's own domain", () => {
  it('stays on beside another: locks from before name it', () => {
    for (const stack of [zoned, new SynthesizedStack()]) {
      const { Properties } = stack.resource('AWS::ApiGatewayV2::Api');
      expect(Properties).not.toHaveProperty('DisableExecuteApiEndpoint');
      expect(Properties).toHaveProperty('IpAddressType', 'dualstack');
      expect(stack.outputs.ApiEndpoint?.Value).toBe('<ChannelApi.ApiEndpoint>');
    }
  });
});

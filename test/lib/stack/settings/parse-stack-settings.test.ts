import { describe, expect, it } from '@jest/globals';
import { BadSetting } from '../../../../lib/domain/bad-setting.ts';
import { parseStackSettings } from '../../../../lib/stack/settings/parse-stack-settings.ts';
import { newKey } from '../../../support/tokens.ts';

describe('the settings of the stack', () => {
  it('need none to be given', () => {
    expect(parseStackSettings({})).toEqual({
      stackName: 'NixChannelStack',
      baseUrl: undefined,
      s3Endpoint: undefined,
      channelMaxAgeSeconds: 30,
      jwt: undefined,
      logRetentionDays: 90,
      breakGlassRoleName: 'nix-channel-break-glass',
      publishers: [],
      githubOidcProvider: undefined,
    });
  });

  it.each([
    ['stackName', 'Channels-2', 'Channels-2'],
    ['baseUrl', 'https://channels.example.org/', 'https://channels.example.org'],
    ['baseUrl', 'https://example.org/nix/', 'https://example.org/nix'],
    [
      's3Endpoint',
      'https://s3.dualstack.eu-central-1.amazonaws.com',
      'https://s3.dualstack.eu-central-1.amazonaws.com',
    ],
    ['channelMaxAgeSeconds', '60', 60],
    ['channelMaxAgeSeconds', 60, 60],
    ['channelMaxAgeSeconds', 0, 0],
    ['channelMaxAgeSeconds', '3600', 3600],
    ['logRetentionDays', '14', 14],
    ['logRetentionDays', 365, 365],
    ['breakGlassRoleName', 'Ops+Admin', 'Ops+Admin'],
    [
      'breakGlassRoleName',
      'aws-reserved/sso.amazonaws.com/AWSReservedSSO_Ops_0a1',
      'aws-reserved/sso.amazonaws.com/AWSReservedSSO_Ops_0a1',
    ],
  ])('take %s = %j', (key, value, parsed) => {
    expect(parseStackSettings({ [key]: value })).toHaveProperty(key, parsed);
  });

  it.each([
    ['stackName', '2nd', 'letters, digits and hyphens'],
    ['stackName', '', 'letters, digits and hyphens'],
    ['stackName', 'a'.repeat(129), '1–128'],
    ['baseUrl', 'http://channels.example.org', 'https://'],
    ['baseUrl', 'https://user:secret@example.org', 'without user'],
    ['baseUrl', 'https://example.org/?a=b', 'without user, query and fragment'],
    ['baseUrl', 'channels.example.org', 'https://'],
    ['baseUrl', '', 'https://'],
    ['baseUrl', 7, 'https://'],
    ['s3Endpoint', 'http://s3.example.org', 'http:// is refused'],
    ['s3Endpoint', 'https://s3.example.org/bucket', 'without a path'],
    ['s3Endpoint', 'https://s3.example.org?x', 'origin'],
    ['s3Endpoint', true, 'origin'],
    ['channelMaxAgeSeconds', '-1', 'from 0 to 3600'],
    ['channelMaxAgeSeconds', -1, 'from 0 to 3600'],
    ['channelMaxAgeSeconds', 3601, 'from 0 to 3600'],
    ['channelMaxAgeSeconds', '1.5', 'whole number'],
    ['channelMaxAgeSeconds', 1.5, 'whole number'],
    ['channelMaxAgeSeconds', '1e3', 'whole number'],
    ['channelMaxAgeSeconds', '', 'whole number'],
    ['channelMaxAgeSeconds', null, 'whole number'],
    ['logRetentionDays', 2, 'one of 1, 3, 5, 7, 14, 30,'],
    ['logRetentionDays', 9999, 'one of 1, 3, 5,'],
    ['logRetentionDays', 'forever', 'one of 1, 3, 5,'],
    ['breakGlassRoleName', '*', 'name of a role'],
    ['breakGlassRoleName', 'a*', 'name of a role'],
    ['breakGlassRoleName', 'arn:aws:iam::123456789012:role/ops', 'name of a role'],
    ['breakGlassRoleName', '/ops', 'name of a role'],
  ])('refuse %s = %j by name, and say what is accepted', (key, value, accepted) => {
    const parse = () => parseStackSettings({ [key]: value });

    expect(parse).toThrow(BadSetting);
    expect(parse).toThrow(`The setting ${key} must be `);
    expect(parse).toThrow(accepted);
    expect(parse).toThrow(`It is ${JSON.stringify(value)}.`);
  });

  it('refuse a misspelt key rather than ignore it', () => {
    expect(() => parseStackSettings({ baseURL: 'https://example.org' })).toThrow(
      'There is no setting baseURL. There are: stackName, baseUrl,',
    );
  });

  it("leave the CDK's own context alone", () => {
    const context = {
      '@aws-cdk/core:target-partitions': ['aws'],
      'aws:cdk:bundling-stacks': [],
      'cli-telemetry': false,
    };

    expect(parseStackSettings(context)).toEqual(parseStackSettings({}));
  });
});

describe('the settings of tokens', () => {
  const { pem } = newKey('ES256');
  const readFile = (path: string): string => (path === 'key.pem' ? pem : '');

  it('stand together', () => {
    expect(parseStackSettings({ jwtPublicKeyFiles: 'key.pem', jwtAudience: 'nix' }, readFile).jwt).toEqual({
      keys: { pems: [pem], audience: ['nix'], defaultScope: 'all' },
      leewaySeconds: 30,
    });
  });

  it.each<[Record<string, unknown>, RegExp]>([
    [{ jwtPublicKeyFiles: 'empty.pem' }, /^jwtPublicKeyFiles names "empty.pem", which holds no public key/],
    [{ jwtPublicKeyFiles: 'no such file' }, /^jwtPublicKeyFiles names "no such file"/],
    [{ jwtIssuer: 'https://issuer.example' }, /^jwtAudience must be set where jwtIssuer is/],
    [{ jwtPublicKeyFiles: Array(20).fill('key.pem') }, /come to \d+ characters together, and a function takes 3072/],
  ])('are refused by name: %j', (context, message) => {
    expect(() => parseStackSettings(context, readFile)).toThrow(message);
  });
});

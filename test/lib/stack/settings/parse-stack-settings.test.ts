import { describe, expect, it } from '@jest/globals';
import { BadSetting } from '../../../../lib/domain/problem.ts';
import { parseStackSettings } from '../../../../lib/stack/settings/parse-stack-settings.ts';
import { stackSettings } from '../../../../lib/stack/settings/stack-settings.ts';
import { newKey } from '../../../support/tokens.ts';

const certificateArn = 'arn:aws:acm:eu-central-1:123456789012:certificate/0123-abcd';
const topicArn = 'arn:aws:sns:eu-central-1:123456789012:alarms';
const zone = { hostedZoneId: 'Z0123456789ABCDEFGHIJ', hostedZoneName: 'example.org' };

describe('the settings of the stack', () => {
  it('have defaults for everything that is not given', () => {
    expect(parseStackSettings({})).toEqual({
      stackName: 'NixChannelStack',
      tags: {},
      publishRateLimit: 50,
      publishBurstLimit: 100,
      channelMaxAgeSeconds: 30,
      presignLifetimeSeconds: 900,
      serveMemoryMegabytes: 256,
      publishMemoryMegabytes: 512,
      logRetentionDays: 90,
      logLevel: 'info',
      metricChannels: [],
      removalPolicy: 'retain',
      breakGlassRoleName: 'nix-channel-break-glass',
      retiredDays: 30,
      takedownPrincipals: [],
      bucketObjectLock: 'disabled',
      s3Region: 'us-east-1',
      conditionalWrites: 'required',
      partChecksum: 'sha256',
      delivery: 'bucket',
      deliveryKeys: ['first'],
      deliveryPriceClass: 'PriceClass_All',
      publishers: [],
      oidcProviders: {},
      jwt: undefined,
    });
  });

  it.each([
    ['stackName', 'Channels-2', 'Channels-2'],
    ['tags', 'team=nix, env=a=b', { team: 'nix', env: 'a=b' }],
    ['tags', 'note=', { note: '' }],
    ['tags', { team: 'nix' }, { team: 'nix' }],
    ['tags', '{"team":"nix"}', { team: 'nix' }],
    ['tags', {}, {}],
    ['baseUrl', 'https://channels.example.org/', 'https://channels.example.org'],
    ['baseUrl', 'https://example.org/nix/', 'https://example.org/nix'],
    ['publishRateLimit', '1', 1],
    ['publishBurstLimit', 5000, 5000],
    ['channelMaxAgeSeconds', '60', 60],
    ['channelMaxAgeSeconds', 0, 0],
    ['channelMaxAgeSeconds', '3600', 3600],
    ['presignLifetimeSeconds', '60', 60],
    ['presignLifetimeSeconds', 900, 900],
    ['serveMemoryMegabytes', '128', 128],
    ['publishMemoryMegabytes', 10240, 10240],
    ['serveReservedConcurrency', 1, 1],
    ['logRetentionDays', '14', 14],
    ['logRetentionDays', 365, 365],
    ['logLevel', 'warn', 'warn'],
    ['metricChannels', 'a, b', ['a', 'b']],
    ['metricChannels', '["a","b"]', ['a', 'b']],
    ['alarmEmail', 'ops+nix@example.org', 'ops+nix@example.org'],
    ['alarmTopicArn', topicArn, topicArn],
    ['existingBucketName', 'old-channels', 'old-channels'],
    ['removalPolicy', 'destroy', 'destroy'],
    ['breakGlassRoleName', 'Ops+Admin', 'Ops+Admin'],
    ['retiredDays', '1', 1],
    ['retiredDays', 3650, 3650],
    ['takedownRoleName', 'nix-takedown', 'nix-takedown'],
    ['breakGlassRoleName', 'aws-reserved/sso.amazonaws.com/SSO_Ops_0a1', 'aws-reserved/sso.amazonaws.com/SSO_Ops_0a1'],
    ['bucketObjectLock', 'enabled', 'enabled'],
    ['releaseTransition', '{"storageClass":"STANDARD_IA","days":30}', { storageClass: 'STANDARD_IA', days: 30 }],
    ['releaseTransition', { days: 90, storageClass: 'GLACIER_IR' }, { storageClass: 'GLACIER_IR', days: 90 }],
    ['s3Endpoint', 'https://s3.dualstack.eu-west-1.amazonaws.com', 'https://s3.dualstack.eu-west-1.amazonaws.com'],
  ])('accept %s = %j', (key, value, parsed) => {
    expect(parseStackSettings({ [key]: value })).toHaveProperty(key, parsed);
  });

  it.each([
    ['{"mode":"governance","days":30}', { mode: 'governance', days: 30 }],
    [
      { mode: 'compliance', days: 1 },
      { mode: 'compliance', days: 1 },
    ],
  ])('accept objectLock = %j for a bucket that is created with Object Lock', (objectLock, parsed) => {
    expect(parseStackSettings({ bucketObjectLock: 'enabled', objectLock })).toHaveProperty('objectLock', parsed);
  });

  it('accept a domain with its zone, with a certificate, or with both', () => {
    for (const more of [zone, { certificateArn }, { ...zone, certificateArn }]) {
      const given = { domainName: 'nix.example.org', ...more };
      expect(parseStackSettings(given)).toMatchObject(given);
    }
    expect(parseStackSettings({ domainName: 'example.org', ...zone })).toHaveProperty('domainName', 'example.org');
  });

  it.each([
    ['stackName', '2nd', 'letters, digits and hyphens'],
    ['stackName', '', 'letters, digits and hyphens'],
    ['stackName', 'a'.repeat(129), '1–128'],
    ['tags', 'team', 'KEY=VALUE,KEY=VALUE'],
    ['tags', 'team=nix,', 'KEY=VALUE,KEY=VALUE'],
    ['tags', 'team=nix,team=other', 'KEY=VALUE,KEY=VALUE'],
    ['tags', 'team=nix,Team=nix', 'no two keys differ only in case'],
    ['tags', { ' ': 'nix' }, 'letters, digits, spaces'],
    ['tags', { 'te\u2028am': 'nix' }, 'letters, digits, spaces'],
    ['tags', '{"team":', 'an object of strings'],
    ['tags', ['team'], 'an object of strings'],
    ['tags', null, 'an object of strings'],
    ['tags', { team: 7 }, 'an object of strings'],
    ['tags', { 'aws:team': 'nix' }, 'no key begins with "aws:"'],
    ['tags', { team: 'a;b' }, 'letters, digits, spaces'],
    ['tags', Object.fromEntries(Array.from({ length: 41 }, (_, n) => [`t${n}`, ''])), 'at most 40'],
    ['domainName', 'nix', 'such as nix.example.org'],
    ['domainName', 'Nix.example.org', 'in lower case'],
    ['domainName', 'nix.example.org.', 'without a final dot'],
    ['domainName', 'https://nix.example.org', 'a domain name'],
    ['domainName', '*.example.org', 'a domain name'],
    ['hostedZoneId', '/hostedzone/Z123', 'the id of a public hosted zone'],
    ['hostedZoneId', 'example.org', 'the id of a public hosted zone'],
    ['hostedZoneName', 'Example.org', 'in lower case'],
    ['certificateArn', 'arn:aws:iam::123456789012:server-certificate/nix', 'arn:aws:acm:REGION:ACCOUNT:certificate/ID'],
    ['baseUrl', 'http://channels.example.org', 'https://'],
    ['baseUrl', 'https://user:secret@example.org', 'without user'],
    ['baseUrl', 'https://example.org/?a=b', 'without user, query and fragment'],
    ['baseUrl', 'https://example.org/?', 'without user, query and fragment'],
    ['baseUrl', 'https://example.org/nix#', 'without user, query and fragment'],
    ['baseUrl', `https://example.org/${'a'.repeat(240)}`, 'at most 255 characters'],
    ['baseUrl', 'channels.example.org', 'https://'],
    ['baseUrl', '', 'https://'],
    ['baseUrl', 7, 'https://'],
    ['publishRateLimit', 0, 'from 1 to 10000'],
    ['publishBurstLimit', 'off', 'from 1 to 5000'],
    ['readRateLimit', 10_001, 'requests per second from 1 to 10000'],
    ['readBurstLimit', 0.5, 'requests at once from 1 to 5000'],
    ['credentialsSecretArn', 'bucket-keys', 'complete ARN of a secret'],
    ['credentialsSecretArn', 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:bucket', 'six characters'],
    ['bucketName', 'Tarballs', 'lower-case'],
    ['bucketName', 'a/b', 'lower-case'],
    ['s3Region', 'EU', 'such as fsn1 or auto'],
    ['s3PathStyle', 'auto', 'virtual or path'],
    ['conditionalWrites', 'optional', 'required or serialised'],
    ['partChecksum', 'MD5', 'sha256 or md5'],
    ['channelMaxAgeSeconds', '-1', 'from 0 to 3600'],
    ['channelMaxAgeSeconds', -1, 'from 0 to 3600'],
    ['channelMaxAgeSeconds', 3601, 'from 0 to 3600'],
    ['channelMaxAgeSeconds', '1.5', 'whole number'],
    ['channelMaxAgeSeconds', 1.5, 'whole number'],
    ['channelMaxAgeSeconds', '1e3', 'whole number'],
    ['channelMaxAgeSeconds', '', 'whole number'],
    ['channelMaxAgeSeconds', null, 'whole number'],
    ['presignLifetimeSeconds', 59, 'seconds from 60 to 900'],
    ['presignLifetimeSeconds', '901', 'seconds from 60 to 900'],
    ['serveMemoryMegabytes', 64, 'megabytes from 128 to 10240'],
    ['publishMemoryMegabytes', '1GB', 'megabytes from 128 to 10240'],
    ['serveReservedConcurrency', 0, 'function instances from 1 to'],
    ['logRetentionDays', 2, 'one of 1, 3, 5, 7, 14, 30,'],
    ['logRetentionDays', 9999, 'one of 1, 3, 5,'],
    ['logRetentionDays', 'forever', 'one of 1, 3, 5,'],
    ['logLevel', 'debug', 'info, warn or error'],
    ['metricChannels', 'a/b', 'names of channels'],
    ['metricChannels', 'a,other', 'none of them "other"'],
    ['metricChannels', [['a']], 'names of channels'],
    ['metricChannels', [1], 'names of channels'],
    ['alarmEmail', 'ops', 'one e-mail address'],
    ['alarmEmail', 'a@example.org,b@example.org', 'one e-mail address'],
    ['alarmTopicArn', 'alarms', 'arn:aws:sns:REGION:ACCOUNT:NAME'],
    ['alarmTopicArn', 'arn:aws-mars:sns:eu-central-1:123456789012:alarms', 'arn:aws:sns:REGION:ACCOUNT:NAME'],
    ['alarmTopicArn', `${topicArn}.fifo`, 'a standard topic'],
    ['existingBucketName', 'Old', 'lower-case'],
    ['existingBucketName', 'old.channels', 'letters, digits and hyphens'],
    ['existingBucketName', 'arn:aws:s3:::old', 'the name of a bucket'],
    ['existingBucketName', 'old-s3alias', 'the name of a bucket'],
    ['removalPolicy', 'delete', 'retain or destroy'],
    ['breakGlassRoleName', '*', 'name of a role'],
    ['breakGlassRoleName', 'a*', 'name of a role'],
    ['retiredDays', 0, 'a whole number of days from 1 to 3650'],
    ['retiredDays', '3651', 'a whole number of days from 1 to 3650'],
    ['retiredDays', 'none', 'a whole number of days from 1 to 3650'],
    ['takedownRoleName', 'ops/takedown', 'a name for a role'],
    ['takedownRoleName', 'arn:aws:iam::123456789012:role/ops', 'a name for a role'],
    ['takedownPrincipals', ['*'], 'ARNs of roles or users'],
    ['takedownPrincipals', [], 'ARNs of roles or users'],
    ['takedownPrincipals', ['arn:aws:iam::123456789012:root'], 'ARNs of roles or users'],
    ['takedownPrincipals', 'arn:aws:iam::123456789012:role/ops', 'ARNs of roles or users'],
    ['breakGlassRoleName', 'arn:aws:iam::123456789012:role/ops', 'name of a role'],
    ['breakGlassRoleName', '/ops', 'name of a role'],
    ['bucketObjectLock', 'true', 'disabled or enabled'],
    ['objectLock', 'governance', '"governance" or "compliance"'],
    ['objectLock', { mode: 'GOVERNANCE', days: 30 }, '"governance" or "compliance"'],
    ['objectLock', { mode: 'governance' }, '"days": 1 to 36500'],
    ['objectLock', { mode: 'governance', days: 0 }, '"days": 1 to 36500'],
    ['objectLock', { mode: 'governance', days: 30, years: 1 }, '{"mode":'],
    ['objectLock', [], '{"mode":'],
    ['releaseTransition', { storageClass: 'DEEP_ARCHIVE', days: 90 }, 'S3 answers 403 until an object is restored'],
    ['releaseTransition', { storageClass: 'GLACIER', days: 90 }, 'S3 answers 403 until an object is restored'],
    ['releaseTransition', { storageClass: 'STANDARD_IA', days: 29 }, '"days": 30 to 36500'],
    ['releaseTransition', '{"storageClass":"STANDARD_IA","days":"90"}', '"days": 30 to 36500'],
    ['s3Endpoint', 'http://s3.example.org', 'http:// is refused'],
    ['s3Endpoint', 'https://s3.example.org/bucket', 'without a path'],
    ['s3Endpoint', 'https://s3.example.org?x', 'origin'],
    ['s3Endpoint', true, 'origin'],
  ])('refuse %s = %j by name, and say what is accepted', (key, value, accepted) => {
    const parse = () => parseStackSettings({ [key]: value });

    expect(parse).toThrow(BadSetting);
    expect(parse).toThrow(`The setting ${key} must be `);
    expect(parse).toThrow(accepted);
    expect(parse).toThrow(`It is ${JSON.stringify(value)}.`);
  });

  it.each([
    [
      { domainName: 'nix.example.org' },
      'domainName needs hostedZoneId and hostedZoneName, or certificateArn if the DNS is not in Route 53.',
    ],
    [zone, 'hostedZoneId has no effect without domainName or deliveryDomainName.'],
    [
      { domainName: 'nix.example.org', hostedZoneId: 'Z1' },
      'hostedZoneId needs hostedZoneName: cdk synth does not look it up.',
    ],
    [
      { domainName: 'nix.example.org', certificateArn, hostedZoneName: 'example.org' },
      'hostedZoneName has no effect without hostedZoneId.',
    ],
    [{ certificateArn }, 'certificateArn has no effect without domainName.'],
    [{ domainName: 'nix.example.com', ...zone }, 'domainName must be hostedZoneName or a name within it.'],
    [{ domainName: 'myexample.org', ...zone }, 'domainName must be hostedZoneName or a name within it.'],
    [
      { domainName: `${'a'.repeat(60)}.example.org`, ...zone },
      'domainName must have at most 64 characters for ACM to create a certificate, or be set together with certificateArn.',
    ],
    [{ readRateLimit: 100 }, 'readRateLimit needs readBurstLimit.'],
    [{ readBurstLimit: 100 }, 'readBurstLimit has no effect without readRateLimit.'],
    [
      { alarmEmail: 'ops@example.org', alarmTopicArn: topicArn },
      'alarmTopicArn cannot be used with alarmEmail: subscribe the address to that topic instead.',
    ],
    [
      { existingBucketName: 'old', objectLock: { mode: 'governance', days: 1 } },
      'objectLock is for the bucket that the stack creates: configure existingBucketName yourself.',
    ],
    [
      { existingBucketName: 'old', bucketObjectLock: 'enabled' },
      'bucketObjectLock is for the bucket that the stack creates: configure existingBucketName yourself.',
    ],
    [
      { objectLock: { mode: 'governance', days: 1 } },
      'objectLock needs bucketObjectLock=enabled. Set that before the first deployment, or if objectLock was set then. On any other existing stack CloudFormation would replace the bucket with an empty one, and every lock would answer 404: use aws s3api put-object-lock-configuration there (docs/settings.md, "Object Lock").',
    ],
    [
      { existingBucketName: 'old', releaseTransition: { storageClass: 'GLACIER_IR', days: 90 } },
      'releaseTransition is for the bucket that the stack creates: configure existingBucketName yourself.',
    ],
    [
      { existingBucketName: 'old', removalPolicy: 'destroy' },
      'removalPolicy is for the bucket that the stack creates: existingBucketName is never deleted.',
    ],
    [{ githubOidcProvider: 'create' }, 'githubOidcProvider has no effect without a publisher that has github.'],
  ])('refuse settings that cannot be used together: %j', (context, message) => {
    expect(() => parseStackSettings(context)).toThrow(new BadSetting('The setting', message.slice(0, -1)));
  });

  it.each(['baseURL', 'jwt-public-key-files', 'log level', ' stackName', 'jwt.issuer', 'jwtÍssuer', ''])(
    'refuse the misspelt key %j rather than ignore it',
    (key) => {
      expect(() => parseStackSettings({ [key]: 'https://example.org' })).toThrow(
        `There is no setting ${key}. The settings are: ${Object.keys(stackSettings).join(', ')}.`,
      );
    },
  );

  it("ignore the CDK's own context", () => {
    const context = {
      '@aws-cdk/core:target-partitions': ['aws'],
      'aws:cdk:bundling-stacks': [],
      'cli-telemetry': false,
      'acknowledged-issue-numbers': [1],
    };

    expect(parseStackSettings(context)).toEqual(parseStackSettings({}));
  });
});

describe('the settings of tokens', () => {
  const { pem } = newKey('ES256');
  const readFile = (path: string): string => (path === 'key.pem' ? pem : '');

  it('are parsed together', () => {
    expect(parseStackSettings({ jwtPublicKeyFiles: 'key.pem', jwtAudience: 'nix' }, readFile).jwt).toEqual({
      keys: { pems: [pem], audience: ['nix'], defaultScope: 'all' },
      leewaySeconds: 30,
    });
  });

  it.each<[Record<string, unknown>, RegExp]>([
    [{ jwtPublicKeyFiles: 'empty.pem' }, /^jwtPublicKeyFiles names "empty.pem", which holds no public key/],
    [{ jwtPublicKeyFiles: 'no such file' }, /^jwtPublicKeyFiles names "no such file"/],
    [{ jwtIssuer: 'https://issuer.example' }, /^jwtAudience must be set where jwtIssuer is/],
  ])('refuse %j by name', (context, message) => {
    expect(() => parseStackSettings(context, readFile)).toThrow(message);
  });
});

describe('the setting metricChannels', () => {
  it.each<[unknown]>([['a,b'], [['a', 'b']], ['["a","b"]']])('accepts %j', (metricChannels) => {
    expect(parseStackSettings({ metricChannels })).toMatchObject({ metricChannels: ['a', 'b'] });
  });

  it.each<[unknown]>([['["a"'], ['[{}]'], [{ a: 'b' }], [[['a/b']]]])('refuses %j', (metricChannels) => {
    expect(() => parseStackSettings({ metricChannels })).toThrow('The setting metricChannels must be at most 20 names');
  });
});

describe('the environment of a function', () => {
  const { pem } = newKey('ES256');
  const readFile = (): string => pem;
  const named = Array.from({ length: 20 }, (_, index) => `${index}-${'c'.repeat(97)}`);

  it.each<[string, Record<string, unknown>]>([
    ['keys', { jwtPublicKeyFiles: Array(20).fill('key.pem') }],
    [
      'quotes, which count twice',
      {
        jwtIssuer: 'https://issuer.example',
        jwtAudience: 'nix',
        jwtBoundClaims: Array(52).fill({ claims: { a: 'b', c: 'd', e: 'f' }, channels: ['nixos-*'] }),
      },
    ],
    [
      'keys beside the variables of the delivery by CloudFront',
      { jwtPublicKeyFiles: Array(19).fill('key.pem'), delivery: 'cloudfront' },
    ],
    ['keys and channels that would each fit', { jwtPublicKeyFiles: Array(10).fill('key.pem'), metricChannels: named }],
  ])('is refused at synth if Lambda would refuse it because of too many %s', (_, context) => {
    const parse = () => parseStackSettings(context, readFile);

    expect(parse).toThrow(BadSetting);
    expect(parse).toThrow(
      /^The settings of tokens \(jwt…\) and metricChannels need [45]\d{3} bytes together .* can have 4096/,
    );
  });

  it.each<[Record<string, unknown>]>([[{ jwtPublicKeyFiles: Array(19).fill('key.pem') }], [{ metricChannels: named }]])(
    'has room for %j',
    (context) => {
      expect(() => parseStackSettings(context, readFile)).not.toThrow();
    },
  );
});

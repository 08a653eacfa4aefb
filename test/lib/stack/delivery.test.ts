import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { parseStackSettings } from '../../../lib/stack/settings/parse-stack-settings.ts';
import { standing } from '../../cost/monthly-cost.ts';
import { readDashboard } from '../../picture/read-dashboard.ts';
import { awsMetrics } from '../../support/aws-metrics.ts';
import { checkDelivery } from '../../support/check-delivery.ts';
import { checkTemplate } from '../../support/check-template.ts';
import { policyStatements } from '../../support/policy-statements.ts';
import { account, bucketArn, deployed, simulate } from '../../support/simulate.ts';
import { stackConfigurations } from '../../support/stack-configurations.ts';
import { channelApp, StackTemplate, SynthesizedStack } from '../../support/synth-stack.ts';

const plain = new SynthesizedStack({ delivery: 'cloudfront' });
const stack = new SynthesizedStack(stackConfigurations.delivery);
const existing = new SynthesizedStack(stackConfigurations['delivery-existing-bucket']);

type Json = Readonly<Record<string, unknown>>;

const configOf = (of: SynthesizedStack) =>
  of.resource('AWS::CloudFront::Distribution').Properties.DistributionConfig as Json;

const environmentOf = (of: SynthesizedStack, prefix: string) =>
  (of.resource('AWS::Lambda::Function', prefix).Properties.Environment as { Variables: Json }).Variables;

describe('the distribution', () => {
  it('has nothing of what checkDelivery finds', () => {
    expect([plain, stack, existing].map(checkDelivery)).toEqual([[], [], []]);
  });

  it('is absent if readers download from the bucket, and no function hears of it', () => {
    const without = new SynthesizedStack();

    expect(without.allResources.filter(({ Type }) => /CloudFront|SecretsManager/.test(Type))).toEqual([]);
    const variables = ['Serve', 'Publish'].flatMap((name) => Object.keys(environmentOf(without, name)));
    expect(variables.filter((name) => name.startsWith('DELIVERY'))).toEqual([]);
  });

  it('has its own domain, or that of the settings with TLS 1.2 and newer', () => {
    expect(configOf(plain)).not.toHaveProperty('Aliases');
    expect(configOf(stack)).toMatchObject({
      Aliases: ['dl.example.org'],
      HttpVersion: 'http2and3',
      IPV6Enabled: true,
      PriceClass: 'PriceClass_100',
      ViewerCertificate: { MinimumProtocolVersion: 'TLSv1.2_2021', SslSupportMethod: 'sni-only' },
      WebACLId: stackConfigurations.delivery?.deliveryWebAclArn,
    });
  });

  it('is where serve sends readers, with the first key, and an output', () => {
    const distribution = plain.resource('AWS::CloudFront::Distribution').id;

    expect(environmentOf(plain, 'Serve')).toMatchObject({
      DELIVERY_URL: `https://<${distribution}.DomainName>`,
      DELIVERY_KEY_ID: `<${plain.resource('AWS::CloudFront::PublicKey').id}>`,
      DELIVERY_SECRET: `<${plain.resource('AWS::SecretsManager::Secret').id}>`,
    });
    expect(plain.outputs.DeliveryUrl?.Value).toBe(`https://<${distribution}.DomainName>`);
    expect(stack.outputs.DeliveryUrl?.Value).toBe('https://dl.example.org');
  });

  it('is known by its ID to publish, which says at a takedown whose caches have the release', () => {
    const named = Object.entries(environmentOf(plain, 'Publish')).filter(([name]) => name.startsWith('DELIVERY'));
    expect(named).toEqual([['DELIVERY_DISTRIBUTION_ID', `<${plain.resource('AWS::CloudFront::Distribution').id}>`]]);
  });

  it('may read the bucket before serve sends anybody there', () => {
    expect(plain.resource('AWS::Lambda::Function', 'Serve').DependsOn).toContain('ChannelBucketPolicy');
  });

  it('gets A and AAAA records in the zone, or its target is an output', () => {
    const given = new SynthesizedStack({
      delivery: 'cloudfront',
      deliveryDomainName: 'dl.example.com',
      deliveryCertificateArn: 'arn:aws:acm:us-east-1:123456789012:certificate/0123-abcd',
    });
    const recordsOf = (of: SynthesizedStack) =>
      of
        .resources('AWS::Route53::RecordSet')
        .filter(({ Properties }) => Properties.Name === 'dl.example.org.')
        .map(({ Properties }) => Properties.Type);

    expect(recordsOf(stack)).toEqual(['A', 'AAAA']);
    expect(given.resources('AWS::Route53::RecordSet')).toEqual([]);
    expect(given.outputs.DeliveryDomainTarget?.Value).toBe(
      `<${given.resource('AWS::CloudFront::Distribution').id}.DomainName>`,
    );
    expect(stack.outputs).not.toHaveProperty('DeliveryDomainTarget');
  });

  it('has a certificate of us-east-1, from a stack there that is deployed first', () => {
    const assembly = channelApp(stackConfigurations.delivery).synth();
    const [main] = assembly.stacks.filter(({ stackName }) => stackName === 'NixChannelStack');
    const other = assembly.getStackByName('NixChannelStack-DeliveryCertificate');

    expect(other.environment.region).toBe('us-east-1');
    expect(main?.dependencies).toContain(other);
    expect(Object.values((other.template as { Resources: Json }).Resources)).toEqual([
      expect.objectContaining({
        Type: 'AWS::CertificateManager::Certificate',
        Properties: expect.objectContaining({
          DomainName: 'dl.example.org',
          DomainValidationOptions: [{ DomainName: 'dl.example.org', HostedZoneId: 'Z0123456789ABCDEFGHIJ' }],
        }),
      }),
    ]);
    expect((configOf(stack).ViewerCertificate as Json).AcmCertificateArn).toEqual({
      'Fn::GetStackOutput': {
        StackName: 'NixChannelStack-DeliveryCertificate',
        OutputName: 'CertificateArn',
        Region: 'us-east-1',
      },
    });
    expect(channelApp({ delivery: 'cloudfront' }).synth().stacks).toHaveLength(1);
  });
});

describe("what the bucket's policy lets CloudFront read, as IAM evaluates it", () => {
  const distribution = (id: string) => `arn:aws:cloudfront::${account}:distribution/${id}`;
  const { id } = plain.resource('AWS::CloudFront::Distribution');
  const policy = deployed(plain.resource('AWS::S3::BucketPolicy').Properties.PolicyDocument);
  const resourcePolicy = JSON.parse(JSON.stringify(policy).replaceAll(`<${id}>`, 'OURS'));

  const ask = (action: string, key: string, from = 'OURS', context: Readonly<Record<string, string>> = {}) =>
    simulate({
      principal: 'cloudfront.amazonaws.com',
      action,
      resource: `${bucketArn}${key}`,
      context: {
        'aws:SecureTransport': 'true',
        's3:TlsVersion': '1.3',
        'aws:SourceArn': distribution(from),
        ...context,
      },
      identityPolicy: { Version: '2012-10-17', Statement: [] },
      resourcePolicy,
    });

  it.each([
    ['a release', 'Allowed', '/nixos-25.05-2025-05-15.tar.xz', 'OURS'],
    ['a release of another extension, with a plus', 'Allowed', '/a+b.iso', 'OURS'],
    ['a release, for another distribution', 'ImplicitlyDenied', '/nixos-25.05-2025-05-15.tar.xz', 'OTHER'],
    ['a record', 'ExplicitlyDenied', '/nixos-25.05.json', 'OURS'],
    ['the catalog', 'ExplicitlyDenied', '/channels.json', 'OURS'],
    ['the deny list', 'ExplicitlyDenied', '/revoked.json', 'OURS'],
    ['the state of an upload', 'ExplicitlyDenied', '/uploads/demo/1.json', 'OURS'],
    ['facts about a release', 'ExplicitlyDenied', '/facts/demo-1.tar.xz', 'OURS'],
  ])('%s: %s', async (_, answer, key, from) => {
    expect(await ask('s3:GetObject', key, from)).toBe(answer);
  });

  it('nothing without TLS, no old version, and no list', async () => {
    expect(await ask('s3:GetObject', '/demo-1.tar.xz', 'OURS', { 'aws:SecureTransport': 'false' })).toBe(
      'ExplicitlyDenied',
    );
    expect(await ask('s3:GetObjectVersion', '/demo-1.tar.xz')).toBe('ImplicitlyDenied');
    expect(await ask('s3:ListBucket', '')).toBe('ImplicitlyDenied');
  });

  it('is an output for a bucket that the stack did not create', () => {
    const { Statement } = JSON.parse(existing.outputs.BucketPolicyJson?.Value ?? '') as {
      Statement: { Sid: string; Resource: unknown }[];
    };

    expect(Statement.map(({ Sid }) => Sid).slice(-3)).toEqual([
      'DocumentsAreNotRetired',
      'DeliveryReadsReleases',
      'DeliveryReadsNothingElse',
    ]);
    expect(Statement.at(-2)?.Resource).toBe('arn:<AWS::Partition>:s3:::old-channels/*');
  });
});

describe('the keys', () => {
  it('are made by a function that may read and write their secrets, and do nothing else', () => {
    const { id, Properties } = stack.resource('AWS::IAM::Role', 'DeliveryKeys');
    const secrets = stack.resources('AWS::SecretsManager::Secret').map((secret) => `<${secret.id}>`);

    expect(secrets).toHaveLength(2);
    expect(Properties).not.toHaveProperty('ManagedPolicyArns');
    expect(stack.resource('AWS::Lambda::Function', 'DeliveryKeys').Properties.Role).toBe(`<${id}.Arn>`);
    expect(
      policyStatements(Properties.Policies).map(({ Action, Resource }) => [Action, [Resource].flat().sort()]),
    ).toEqual([
      [['logs:CreateLogStream', 'logs:PutLogEvents'], ['<DeliveryKeyLog.Arn>']],
      [['secretsmanager:GetSecretValue', 'secretsmanager:PutSecretValue'], [...secrets].sort()],
    ]);
  });

  it('sign with the first one, which is the only secret that serve may read, and CloudFront trusts all', () => {
    const [first, second] = stack.resources('AWS::SecretsManager::Secret');
    const readable = policyStatements(stack.resource('AWS::IAM::Role', 'ServeRole').Properties).find(
      ({ Action }) => Action === 'secretsmanager:GetSecretValue',
    );

    expect(first?.Properties.Description).toContain('2026-12');
    expect(readable?.Resource).toBe(`<${first?.id}>`);
    expect(environmentOf(stack, 'Serve').DELIVERY_SECRET).toBe(`<${first?.id}>`);
    expect(environmentOf(stack, 'Serve').DELIVERY_KEY_ID).toMatch(/^<DeliveryKeysPublic202612\w+>$/);
    expect(stack.resource('AWS::CloudFront::KeyGroup').Properties.KeyGroupConfig).toMatchObject({
      Items: [
        expect.stringMatching(/^<DeliveryKeysPublic202612\w+>$/),
        expect.stringMatching(/^<DeliveryKeysPublic202611\w+>$/),
      ],
    });
    expect(second?.Properties.Description).toContain('2026-11');
  });

  it('keep their ids when another one is added before them, so that no key is made again', () => {
    const keysOf = (names: readonly string[]) =>
      new SynthesizedStack({ delivery: 'cloudfront', deliveryKeys: names }).allResources
        .filter(({ Type }) => /Secret$|DeliveryKey$|PublicKey$/.test(Type))
        .map((resource) => JSON.stringify(resource));
    const before = keysOf(['2026-11']);

    expect(before).toHaveLength(3);
    expect(keysOf(['2026-12', '2026-11'])).toEqual(expect.arrayContaining(before));
    expect(keysOf(['2026-11', '2026-12'])).toEqual(expect.arrayContaining(before));
  });

  it('are deleted with the stack', () => {
    for (const secret of stack.resources('AWS::SecretsManager::Secret')) expect(secret.DeletionPolicy).toBe('Delete');
  });
});

describe('the alarms of the delivery', () => {
  it('are only there in the region that has the metrics', () => {
    const alarms = stack
      .resources('AWS::CloudWatch::Alarm')
      .filter(({ Properties }) => Properties.Namespace === 'AWS/CloudFront');

    expect(alarms.map(({ Properties }) => Properties.MetricName)).toEqual(['5xxErrorRate', '4xxErrorRate']);
    expect(alarms).toHaveLength(standing.deliveryAlarms);
    const guide = readFileSync(new URL('../../../docs/operate.md', import.meta.url), 'utf8');
    for (const { Properties, Condition } of alarms) {
      const name = /"(\w+)"\.$/.exec(String(Properties.AlarmDescription))?.[1];
      expect(guide).toContain(`**${name}**`);
      expect((stack.template.Conditions as Json)[String(Condition)]).toEqual({
        'Fn::Equals': [{ Ref: 'AWS::Region' }, 'us-east-1'],
      });
    }
  });

  it('are not needed for the dashboard, which shows the metrics of us-east-1 in every region', () => {
    const body = JSON.stringify(stack.resource('AWS::CloudWatch::Dashboard').Properties.DashboardBody);

    expect(body.match(/AWS\/CloudFront/g)).toHaveLength(5);
    expect(body.match(/\\"region\\":\\"us-east-1\\"/g)?.length).toBeGreaterThanOrEqual(3);
    expect(body).not.toContain('DeliveryErrors');
  });

  it('and the dashboard name only metrics that CloudFront has, with the dimensions that it gives them', () => {
    const known = awsMetrics.find(({ namespace }) => namespace === 'AWS/CloudFront');
    const shown = readDashboard(String(stack.resource('AWS::CloudWatch::Dashboard').Properties.DashboardBody))
      .flatMap(({ metrics }) => metrics)
      .filter(({ namespace }) => namespace === 'AWS/CloudFront');

    expect(shown.map(({ name }) => name).sort()).toEqual(known?.names);
    for (const { dimensions } of shown) {
      expect(Object.keys(dimensions)).toEqual(known?.dimensions);
      expect(dimensions.Region).toBe('Global');
    }
    // The rate of hits is one of the additional metrics.
    expect(stack.resource('AWS::CloudFront::MonitoringSubscription').Properties).toMatchObject({
      MonitoringSubscription: { RealtimeMetricsSubscriptionConfig: { RealtimeMetricsSubscriptionStatus: 'Enabled' } },
    });
  });
});

describe('the settings of the delivery', () => {
  const cloudfront = { delivery: 'cloudfront' };
  const zone = { hostedZoneId: 'Z123', hostedZoneName: 'example.org' };
  const certificate = 'arn:aws:acm:us-east-1:123456789012:certificate/0123-abcd';

  it.each<[string, string, Json]>([
    [
      'delivery',
      'must be bucket with credentialsSecretArn',
      { ...stackConfigurations['external-bucket'], ...cloudfront },
    ],
    ['deliveryKeys', 'has no effect without delivery=cloudfront', { deliveryKeys: '2026-11' }],
    [
      'deliveryDomainName',
      'has no effect without delivery=cloudfront',
      { deliveryDomainName: 'dl.example.org', ...zone },
    ],
    ['deliveryCertificateArn', 'has no effect without delivery=cloudfront', { deliveryCertificateArn: certificate }],
    ['deliveryPriceClass', 'has no effect without delivery=cloudfront', { deliveryPriceClass: 'PriceClass_100' }],
    [
      'deliveryWebAclArn',
      'has no effect without delivery=cloudfront',
      { deliveryWebAclArn: stackConfigurations.delivery?.deliveryWebAclArn },
    ],
    [
      'deliveryDomainName',
      'needs hostedZoneId and hostedZoneName',
      { ...cloudfront, deliveryDomainName: 'dl.example.org' },
    ],
    [
      'deliveryDomainName',
      'must be hostedZoneName or a name within it',
      { ...cloudfront, ...zone, deliveryDomainName: 'dl.example.com' },
    ],
    [
      'deliveryDomainName',
      'must have at most 64 characters',
      { ...cloudfront, ...zone, deliveryDomainName: `${'a'.repeat(60)}.example.org` },
    ],
    [
      'deliveryDomainName',
      'must be another name than domainName',
      { ...cloudfront, ...zone, domainName: 'nix.example.org', deliveryDomainName: 'nix.example.org' },
    ],
    [
      'deliveryCertificateArn',
      'has no effect without deliveryDomainName',
      { ...cloudfront, deliveryCertificateArn: certificate },
    ],
    [
      'deliveryCertificateArn',
      'must be the ARN of a certificate in ACM in us-east-1',
      { ...cloudfront, deliveryCertificateArn: certificate.replace('us-east-1', 'eu-central-1') },
    ],
    ['deliveryKeys', 'must be 1 to 5 names', { ...cloudfront, deliveryKeys: ['2026-11', '202611'] }],
    ['deliveryKeys', 'must be 1 to 5 names', { ...cloudfront, deliveryKeys: 'a,b,c,d,e,f' }],
    ['deliveryKeys', 'must be 1 to 5 names', { ...cloudfront, deliveryKeys: [] }],
    ['deliveryKeys', 'must be 1 to 5 names', { ...cloudfront, deliveryKeys: 'a,' }],
  ])('are refused with the message that %s %s', (name, rule, context) => {
    expect(() => parseStackSettings(context)).toThrow(`The setting ${name} ${rule}`);
  });

  it.each([
    ['a list', ['2026-12', '2026-11']],
    ['JSON text', '["2026-12", "2026-11"]'],
    ['names with commas between them', '2026-12, 2026-11'],
  ])('take the names of keys as %s', (_, deliveryKeys) => {
    expect(parseStackSettings({ ...cloudfront, deliveryKeys }).deliveryKeys).toEqual(['2026-12', '2026-11']);
  });

  it('take a domain outside of the zone with a certificate', () => {
    expect(() =>
      parseStackSettings({
        ...cloudfront,
        ...zone,
        domainName: 'nix.example.org',
        deliveryDomainName: 'dl.example.com',
        deliveryCertificateArn: certificate,
      }),
    ).not.toThrow();
  });
});

const text = JSON.stringify(stack.template);

describe('checkTemplate', () => {
  it.each<[string, string | RegExp, string, unknown]>([
    [
      'Lambda@Edge',
      '"Compress":false',
      '"Compress":false,"LambdaFunctionAssociations":[]',
      'a flat-rate plan excludes Lambda@Edge',
    ],
    [
      'a function',
      '"Compress":false',
      '"Compress":false,"FunctionAssociations":[]',
      'a flat-rate plan excludes a function, which could be shared',
    ],
    [
      'real-time logs',
      '"Compress":false',
      '"Compress":false,"RealtimeLogConfigArn":"x"',
      'a flat-rate plan excludes real-time logs',
    ],
    [
      'forwarded values',
      '"Compress":false',
      '"Compress":false,"ForwardedValues":{}',
      'a flat-rate plan excludes forwarded values',
    ],
    [
      'field-level encryption',
      '"Compress":false',
      '"Compress":false,"FieldLevelEncryptionId":"x"',
      'a flat-rate plan excludes field-level encryption',
    ],
    [
      'continuous deployment',
      '"Aliases":',
      '"ContinuousDeploymentPolicyId":"x","Aliases":',
      'a flat-rate plan excludes continuous deployment',
    ],
    [
      'tenants',
      '"Aliases":',
      '"ConnectionMode":"tenant-only","Aliases":',
      'a flat-rate plan excludes a distribution with tenants',
    ],
    [
      'a certificate of IAM',
      '"AcmCertificateArn":',
      '"IamCertificateId":',
      'a flat-rate plan excludes a certificate of IAM',
    ],
    ['a dedicated address', '"sni-only"', '"vip"', 'a flat-rate plan excludes a dedicated address'],
    [
      'an origin access identity',
      '"OriginAccessIdentity":""',
      '"OriginAccessIdentity":"x"',
      'a flat-rate plan excludes an origin access identity',
    ],
    [
      'an origin access identity of its own',
      '"AWS::CloudFront::OriginAccessControl"',
      '"AWS::CloudFront::CloudFrontOriginAccessIdentity"',
      'a flat-rate plan excludes an origin access identity',
    ],
    [
      'a distribution that is open',
      /"TrustedKeyGroups":\[[^\]]*\],?/,
      '',
      'a behaviour wants no signature of the key group',
    ],
    [
      'a behaviour that is open',
      '"CustomErrorResponses":',
      '"CacheBehaviors":[{"Compress":false,"PathPattern":"x"}],"CustomErrorResponses":',
      'a behaviour wants no signature of the key group',
    ],
    [
      'keys of an account',
      '"Compress":false',
      '"Compress":false,"TrustedSigners":["self"]',
      'a behaviour trusts the keys of an account',
    ],
    [
      'other methods',
      '"AllowedMethods":["GET","HEAD"]',
      '"AllowedMethods":["GET","HEAD","OPTIONS"]',
      'a behaviour has AllowedMethods ["GET","HEAD","OPTIONS"]',
    ],
    ['compression', '"Compress":false', '"Compress":true', 'a behaviour has Compress true'],
    ['http', '"https-only"', '"allow-all"', 'a behaviour has ViewerProtocolPolicy "allow-all"'],
    [
      'a policy for requests to the bucket',
      '"Compress":false',
      '"Compress":false,"OriginRequestPolicyId":"x"',
      'a behaviour has OriginRequestPolicyId',
    ],
    [
      'the query in the key of the cache',
      '"QueryStringBehavior":"none"',
      '"QueryStringBehavior":"all"',
      'the cache has more in its key than the path',
    ],
    [
      'another encoding',
      '"EnableAcceptEncodingGzip":false',
      '"EnableAcceptEncodingGzip":true',
      'the cache asks for another encoding',
    ],
    ['releases that are kept for a day', '"MinTTL":31536000', '"MinTTL":86400', 'a release is not kept for a year'],
    [
      'errors that are kept',
      '"ErrorCachingMinTTL":1,"ErrorCode":403',
      '"ErrorCachingMinTTL":300,"ErrorCode":403',
      'an answer 403 is kept for long',
    ],
    [
      'an answer of the bucket without signature',
      '"SigningBehavior":"always"',
      '"SigningBehavior":"no-override"',
      'origin access control: SigningBehavior is no-override',
    ],
    [
      'an origin without access control',
      '"OriginAccessControlId":',
      '"OriginShield":',
      'an origin is asked without origin access control',
    ],
    [
      'another origin',
      '"DomainName":{"Fn::GetAtt":["ChannelBucket","RegionalDomainName"]}',
      '"DomainName":"example.org"',
      'the origin example.org is not the bucket',
    ],
    ['a log with signatures', '"Aliases":', '"Logging":{},"Aliases":', 'its standard log has signatures'],
    [
      'a key in the template',
      '"Description":"Private key 2026-11',
      '"SecretString":"x","Description":"Private key 2026-11',
      expect.stringMatching(/^the template gives DeliveryKeysSecret202611\w+ a value$/),
    ],
    [
      'a public key from elsewhere',
      /"EncodedKey":\{[^}]*\}/,
      '"EncodedKey":"x"',
      'a public key is not one that the deployment made',
    ],
    [
      'a reference that another stack has too',
      /"CallerReference":\{.*?\]\]\}/,
      '"CallerReference":"x"',
      'a public key has the reference of one of another stack',
    ],
    [
      'a role that may clear the caches of every distribution',
      /(?<="Action":"cloudfront:CreateInvalidation","Effect":"Allow","Resource":)\{.*?\]\]\}/,
      '"*"',
      expect.stringMatching(/^TakedownRole\w+ may invalidate in \*$/),
    ],
    [
      'a function that may clear caches',
      '"Action":"secretsmanager:GetSecretValue"',
      '"Action":"cloudfront:CreateInvalidation"',
      expect.stringMatching(/^ServeRole\w+ may invalidate in /),
    ],
    [
      'a bucket that every distribution may read',
      /"Condition":\{"StringEquals":\{"AWS:SourceArn":.*?\]\]\}\}\},/i,
      '',
      expect.stringMatching(/^the bucket's policy: .*DeliveryReadsReleases.*: missing$/),
    ],
    [
      'a distribution that may read records',
      /,\{"Action":"s3:GetObject","Effect":"Deny".*?"DeliveryReadsNothingElse"\}/,
      '',
      expect.stringMatching(/^the bucket's policy: .*DeliveryReadsNothingElse.*: missing$/),
    ],
  ])('finds %s', (_, from, to, finding) => {
    const changed = text.replace(from, to);

    expect(changed).not.toBe(text);
    expect(checkTemplate(new StackTemplate(JSON.parse(changed)))).toContainEqual(finding);
  });
});

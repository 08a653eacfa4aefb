import { describe, expect, it } from '@jest/globals';
import { BadSetting } from '../../../lib/domain/problem.ts';
import { parseStackSettings } from '../../../lib/stack/settings/parse-stack-settings.ts';
import { account, apiArn, bucketArn, deployed, simulate } from '../../support/simulate.ts';
import { SynthesizedStack } from '../../support/synth-stack.ts';

const name = 'nix-takedown';
const stack = new SynthesizedStack({ takedownRoleName: name });
const roleOf = (of: SynthesizedStack) => of.resource('AWS::IAM::Role', 'Takedown').Properties;
const publishId = stack.resource('AWS::IAM::Role', 'PublishRole').id;
const principal = `arn:aws:iam::${account}:role/${name}`;
const inline = (of: SynthesizedStack) =>
  (roleOf(of).Policies as { PolicyDocument: { Statement: { Effect: string }[] } }[])[0]?.PolicyDocument;
const identityPolicy = deployed(inline(stack));
const policyOf = (of: SynthesizedStack) =>
  JSON.parse(
    JSON.stringify(deployed(of.resource('AWS::S3::BucketPolicy').Properties.PolicyDocument)).replaceAll(
      `<${publishId}.Arn>`,
      `arn:aws:iam::${account}:role/publish`,
    ),
  ) as { readonly Version: string; readonly Statement: { readonly Sid: string }[] };
const resourcePolicy = policyOf(stack);

const release = 'demo-1.tar.xz';
const documents = ['demo.json', 'channels.json', 'revoked.json', 'uploads/demo/1.json', 'uploads/part'];
const context = { 'aws:SecureTransport': 'true', 's3:TlsVersion': '1.3' };
const all = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] };

/** What IAM and the bucket's policy say together. */
const ask = (action: string, key: string, given: Partial<Parameters<typeof simulate>[0]> = {}) => {
  const who = given.principal ?? principal;
  return simulate({
    action,
    resource: key === '' ? bucketArn : `${bucketArn}/${key}`,
    context: { ...context, 'aws:PrincipalArn': who },
    identityPolicy,
    resourcePolicy,
    principal: who,
    ...given,
  });
};

describe('the role for takedowns', () => {
  it('does not exist unless the settings name it', () => {
    const text = JSON.stringify(new SynthesizedStack().template);
    expect(text).not.toContain('Takedown');
    expect(text).not.toContain('TakenDown');
  });

  it.each([
    's3:DeleteObject',
    's3:DeleteObjectVersion',
    's3:GetObject',
    's3:GetObjectVersion',
    's3:GetObjectRetention',
    's3:GetObjectLegalHold',
  ])('is allowed %s on releases, but not on documents', async (action) => {
    expect(await ask(action, release)).toBe('Allowed');
    for (const key of documents) expect(await ask(action, key)).toBe('ExplicitlyDenied');
  });

  it('lists versions, and is allowed nothing else in the bucket', async () => {
    expect(await ask('s3:ListBucketVersions', '')).toBe('Allowed');
    for (const action of [
      's3:PutObject',
      's3:PutObjectTagging',
      's3:BypassGovernanceRetention',
      's3:DeleteObjectTagging',
    ])
      expect(await ask(action, release)).not.toBe('Allowed');
    for (const action of ['s3:DeleteBucketPolicy', 's3:PutLifecycleConfiguration', 's3:ListBucket'])
      expect(await ask(action, '')).not.toBe('Allowed');
  });

  it('takes releases of every channel down, and calls no other route', async () => {
    const call = (path: string) =>
      simulate({ principal, action: 'execute-api:Invoke', resource: `${apiArn}${path}`, identityPolicy });
    expect(await call('/POST/publish/takedowns/demo')).toBe('Allowed');
    for (const path of ['/POST/publish/retirements/demo', '/GET/publish/takedowns/demo', '/POST/publish/catalog'])
      expect(await call(path)).toBe('ImplicitlyDenied');
  });

  it("invalidates paths of the stack's distribution, with delivery by CloudFront, and of no other", async () => {
    const delivering = new SynthesizedStack({ takedownRoleName: name, delivery: 'cloudfront' });
    const distribution = delivering.resource('AWS::CloudFront::Distribution').id;
    const invalidate = (of: SynthesizedStack, id: string, action = 'CreateInvalidation') =>
      simulate({
        principal,
        action: `cloudfront:${action}`,
        resource: `arn:aws:cloudfront::${account}:distribution/${id}`,
        identityPolicy: deployed(inline(of)),
      });
    const own = `<${distribution}>`;
    expect(await invalidate(delivering, own)).toBe('Allowed');
    expect(await invalidate(delivering, 'EDFDVBD6EXAMPLE')).toBe('ImplicitlyDenied');
    expect(await invalidate(delivering, own, 'UpdateDistribution')).toBe('ImplicitlyDenied');
    expect(await invalidate(stack, own)).toBe('ImplicitlyDenied');
  });

  it('cannot delete documents even with all rights, because of the policy of the bucket', async () => {
    for (const key of documents)
      expect(await ask('s3:DeleteObject', key, { identityPolicy: all })).toBe('ExplicitlyDenied');
    const careless = {
      ...resourcePolicy,
      Statement: resourcePolicy.Statement.filter(({ Sid }) => Sid !== 'DocumentsAreNotTakenDown'),
    };
    expect(await ask('s3:DeleteObject', 'demo.json', { identityPolicy: all, resourcePolicy: careless })).toBe(
      'Allowed',
    );
  });

  it('cannot delete documents without a policy of the bucket, because of its own', async () => {
    const none = { Version: '2012-10-17', Statement: [] };
    expect(await ask('s3:DeleteObject', release, { resourcePolicy: none })).toBe('Allowed');
    for (const key of documents)
      expect(await ask('s3:DeleteObject', key, { resourcePolicy: none })).toBe('ExplicitlyDenied');
  });

  it('is the only role, beside break-glass, that may delete', async () => {
    const remove = (who: string, key: string) => ask('s3:DeleteObject', key, { principal: who, identityPolicy: all });
    for (const who of ['admin', 'nix-takedown-2', 'publish'])
      expect(await remove(`arn:aws:iam::${account}:role/${who}`, release)).toBe('ExplicitlyDenied');
    expect(await remove(`arn:aws:iam::999999999999:role/${name}`, release)).toBe('ExplicitlyDenied');
    for (const key of [release, 'demo.json'])
      expect(await remove(`arn:aws:iam::${account}:role/nix-channel-break-glass`, key)).toBe('Allowed');
  });

  it('is assumed by whom the account allows to, or by the principals of the settings only', () => {
    const arn = 'arn:aws:iam::111122223333:role/security';
    const named = new SynthesizedStack({ takedownRoleName: name, takedownPrincipals: [arn] });
    const trust = (of: SynthesizedStack) => roleOf(of).AssumeRolePolicyDocument;

    expect(trust(stack)).toMatchObject({
      Statement: [
        {
          Effect: 'Allow',
          Action: 'sts:AssumeRole',
          Principal: { AWS: 'arn:<AWS::Partition>:iam::<AWS::AccountId>:root' },
        },
      ],
    });
    expect(trust(named)).toMatchObject({ Statement: [{ Action: 'sts:AssumeRole', Principal: { AWS: arn } }] });
    expect(roleOf(stack)).toMatchObject({ RoleName: name, MaxSessionDuration: 3_600 });
    expect(stack.outputs).toHaveProperty('TakedownRoleArn');
  });

  it.each([
    ['takedownRoleName', 'must not be breakGlassRoleName', { takedownRoleName: 'nix-channel-break-glass' }],
    [
      'takedownRoleName',
      'is for a bucket on AWS',
      {
        takedownRoleName: name,
        s3Endpoint: 'https://fsn1.your-objectstorage.com',
        bucketName: 'tarballs',
        credentialsSecretArn: 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:bucket-AbC123',
      },
    ],
    [
      'takedownPrincipals',
      'has no effect without takedownRoleName',
      { takedownPrincipals: ['arn:aws:iam::111122223333:role/security'] },
    ],
  ])('is refused with the message that %s %s', (setting, rule, settings) => {
    expect(() => parseStackSettings(settings)).toThrow(BadSetting);
    expect(() => parseStackSettings(settings)).toThrow(`The setting ${setting} ${rule}`);
  });
});

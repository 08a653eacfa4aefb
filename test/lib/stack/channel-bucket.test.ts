import { describe, expect, it } from '@jest/globals';
import { SynthesizedStack } from '../../support/synth-stack.ts';

const stack = new SynthesizedStack();
const bucket = stack.resource('AWS::S3::Bucket');

const statements = (of: SynthesizedStack) =>
  (of.resource('AWS::S3::BucketPolicy').Properties.PolicyDocument as { Statement: Record<string, unknown>[] })
    .Statement;

const everyone = { AWS: '*' };

describe('the bucket', () => {
  it('is private, encrypted, versioned and free of ACLs', () => {
    expect(bucket.Properties).toMatchObject({
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
      },
      OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
      VersioningConfiguration: { Status: 'Enabled' },
    });
  });

  it('outlives the stack together with its policy', () => {
    const retained = { DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' };

    expect(bucket).toMatchObject(retained);
    expect(stack.resource('AWS::S3::BucketPolicy')).toMatchObject(retained);
  });

  it('drops abandoned uploads and, a day later, their state; nothing else ever expires', () => {
    expect(bucket.Properties.LifecycleConfiguration).toEqual({
      Rules: [
        {
          Id: 'AbortIncompleteUploads',
          Status: 'Enabled',
          AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 },
        },
        {
          Id: 'ExpireUploadState',
          Status: 'Enabled',
          Prefix: 'uploads/',
          ExpirationInDays: 8,
          NoncurrentVersionExpiration: { NoncurrentDays: 1 },
        },
      ],
    });
  });
});

describe('the bucket, as configured', () => {
  const configured = new SynthesizedStack({
    removalPolicy: 'destroy',
    objectLock: '{"mode":"compliance","days":30}',
    releaseTransition: { storageClass: 'GLACIER_IR', days: 90 },
  });
  const { Properties, DeletionPolicy } = configured.resource('AWS::S3::Bucket');

  it('goes with the stack where it is told to, empty: nothing deletes what is in it, and the policy stays to the last', () => {
    expect(DeletionPolicy).toBe('Delete');
    expect(configured.resource('AWS::S3::BucketPolicy')).toMatchObject({ DeletionPolicy: 'Retain' });
    expect(Object.keys(configured.template.Resources as object).filter((id) => /AutoDelete/.test(id))).toEqual([]);
    expect(configured.resources('Custom::S3AutoDeleteObjects')).toEqual([]);
  });

  it('locks each version for some days', () => {
    expect(Properties).toMatchObject({
      ObjectLockEnabled: true,
      ObjectLockConfiguration: {
        ObjectLockEnabled: 'Enabled',
        Rule: { DefaultRetention: { Mode: 'COMPLIANCE', Days: 30 } },
      },
    });
    expect(bucket.Properties).not.toHaveProperty('ObjectLockEnabled');
  });

  it('moves old releases by their tag, and nothing else', () => {
    const { Rules } = Properties.LifecycleConfiguration as { Rules: readonly unknown[] };
    const usual = bucket.Properties.LifecycleConfiguration as { Rules: readonly unknown[] };

    expect(Rules).toEqual([
      ...usual.Rules,
      {
        Id: 'MoveReleases',
        Status: 'Enabled',
        TagFilters: [{ Key: 'kind', Value: 'release' }],
        Transitions: [{ StorageClass: 'GLACIER_IR', TransitionInDays: 90 }],
      },
    ]);
  });
});

describe("the bucket's policy", () => {
  it('binds everybody, by five denials', () => {
    const whole = ['<ChannelBucket.Arn>', '<ChannelBucket.Arn>/*'];

    expect(statements(stack)).toEqual([
      {
        Sid: 'OnlyByTls',
        Effect: 'Deny',
        Principal: everyone,
        Action: 's3:*',
        Resource: whole,
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      },
      {
        Sid: 'OnlyByTls12AndNewer',
        Effect: 'Deny',
        Principal: everyone,
        Action: 's3:*',
        Resource: whole,
        Condition: { NumericLessThan: { 's3:TlsVersion': '1.2' } },
      },
      {
        Sid: 'ReleasesAreOnlyCreated',
        Effect: 'Deny',
        Principal: everyone,
        Action: 's3:PutObject',
        NotResource: '<ChannelBucket.Arn>/*.json',
        Condition: { Null: { 's3:if-none-match': 'true' }, Bool: { 's3:ObjectCreationOperation': 'true' } },
      },
      {
        Sid: 'DocumentsChangeByCompareAndSwap',
        Effect: 'Deny',
        Principal: everyone,
        Action: 's3:PutObject',
        Resource: '<ChannelBucket.Arn>/*.json',
        Condition: { Null: { 's3:if-match': 'true', 's3:if-none-match': 'true' } },
      },
      {
        Sid: 'OnlyBreakGlassDeletes',
        Effect: 'Deny',
        Principal: everyone,
        Action: 's3:DeleteObject*',
        Resource: '<ChannelBucket.Arn>/*',
        Condition: {
          ArnNotLike: {
            'aws:PrincipalArn': 'arn:<AWS::Partition>:iam::<AWS::AccountId>:role/nix-channel-break-glass',
          },
        },
      },
    ]);
  });

  it('names another role where one is set', () => {
    const deletion = statements(new SynthesizedStack({ breakGlassRoleName: 'ops/Rescue' })).at(-1);

    expect(deletion?.Condition).toEqual({
      ArnNotLike: { 'aws:PrincipalArn': 'arn:<AWS::Partition>:iam::<AWS::AccountId>:role/ops/Rescue' },
    });
  });
});

import { describe, expect, it } from '@jest/globals';
import { account, bucketArn, deployed, simulate } from '../../support/simulate.ts';
import { SynthesizedStack } from '../../support/synth-stack.ts';

describe('the bucket that the stack creates', () => {
  const stack = new SynthesizedStack();
  const bucket = stack.resource('AWS::S3::Bucket');
  const publishRole = stack.resource('AWS::IAM::Role', 'PublishRole');

  const statements = (of: SynthesizedStack) =>
    (of.resource('AWS::S3::BucketPolicy').Properties.PolicyDocument as { Statement: Record<string, unknown>[] })
      .Statement;

  const everyone = { AWS: '*' };

  describe('with default settings', () => {
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

    it('is kept with its policy when the stack is deleted', () => {
      const retained = { DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' };

      expect(bucket).toMatchObject(retained);
      expect(stack.resource('AWS::S3::BucketPolicy')).toMatchObject(retained);
    });
  });

  describe('with other settings', () => {
    const configured = new SynthesizedStack({
      removalPolicy: 'destroy',
      bucketObjectLock: 'enabled',
      objectLock: '{"mode":"compliance","days":30}',
    });
    const { Properties, DeletionPolicy } = configured.resource('AWS::S3::Bucket');

    it('is deleted with the stack only if it is empty, and its policy is kept', () => {
      expect(DeletionPolicy).toBe('Delete');
      expect(configured.resource('AWS::S3::BucketPolicy')).toMatchObject({ DeletionPolicy: 'Retain' });
      expect(Object.keys(configured.template.Resources as object).filter((id) => /AutoDelete/.test(id))).toEqual([]);
      expect(configured.resources('Custom::S3AutoDeleteObjects')).toEqual([]);
    });

    it('locks each version for the number of days that is set', () => {
      expect(Properties).toMatchObject({
        ObjectLockEnabled: true,
        ObjectLockConfiguration: {
          ObjectLockEnabled: 'Enabled',
          Rule: { DefaultRetention: { Mode: 'COMPLIANCE', Days: 30 } },
        },
      });
      expect(bucket.Properties).not.toHaveProperty('ObjectLockEnabled');
    });
  });

  describe("the bucket's policy", () => {
    it('applies to everybody and has exactly these nine denials', () => {
      const breakGlass = 'arn:<AWS::Partition>:iam::<AWS::AccountId>:role/nix-channel-break-glass';
      const tagging = ['s3:PutObject', 's3:PutObjectTagging', 's3:PutObjectVersionTagging'];
      const retires = { 's3:RequestObjectTag/kind': 'retired' };
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
          Sid: 'NothingIsACopy',
          Effect: 'Deny',
          Principal: everyone,
          Action: 's3:PutObject',
          Resource: '<ChannelBucket.Arn>/*',
          Condition: { Null: { 's3:x-amz-copy-source': 'false' } },
        },
        {
          Sid: 'OnlyBreakGlassDeletes',
          Effect: 'Deny',
          Principal: everyone,
          Action: 's3:DeleteObject*',
          Resource: '<ChannelBucket.Arn>/*',
          Condition: { ArnNotLike: { 'aws:PrincipalArn': breakGlass } },
        },
        {
          Sid: 'NothingIsReplicatedHere',
          Effect: 'Deny',
          Principal: everyone,
          Action: 's3:Replicate*',
          Resource: '<ChannelBucket.Arn>/*',
          Condition: { ArnNotLike: { 'aws:PrincipalArn': breakGlass } },
        },
        {
          Sid: 'OnlyTheScheduleRetires',
          Effect: 'Deny',
          Principal: everyone,
          Action: tagging,
          Resource: '<ChannelBucket.Arn>/*',
          Condition: { StringEquals: retires, ArnNotLike: { 'aws:PrincipalArn': `<${publishRole.id}.Arn>` } },
        },
        {
          Sid: 'DocumentsAreNotRetired',
          Effect: 'Deny',
          Principal: everyone,
          Action: tagging,
          Resource: ['<ChannelBucket.Arn>/*.json', '<ChannelBucket.Arn>/uploads/*'],
          Condition: { StringEquals: retires },
        },
      ]);
    });

    it('names the break-glass role of the settings', () => {
      const named = statements(new SynthesizedStack({ breakGlassRoleName: 'ops/Rescue' }));
      const deletion = named.find(({ Sid }) => Sid === 'OnlyBreakGlassDeletes');

      expect(deletion?.Condition).toEqual({
        ArnNotLike: { 'aws:PrincipalArn': 'arn:<AWS::Partition>:iam::<AWS::AccountId>:role/ops/Rescue' },
      });
    });
  });

  describe('how IAM evaluates the policy for a caller with all rights', () => {
    const publishArn = `arn:aws:iam::${account}:role/publish`;
    const policyOf = (of: SynthesizedStack): unknown =>
      JSON.parse(
        JSON.stringify(deployed(of.resource('AWS::S3::BucketPolicy').Properties.PolicyDocument)).replaceAll(
          `<${publishRole.id}.Arn>`,
          publishArn,
        ),
      );
    const resourcePolicy = policyOf(stack);
    const allowed = 'Allowed';
    const denied = 'ExplicitlyDenied';
    const breakGlass = `arn:aws:iam::${account}:role/nix-channel-break-glass`;
    const whole = { 's3:ObjectCreationOperation': 'true' };
    const tarball = 'demo-1.tar.xz';

    const put = (context: Record<string, string>, key: string, policy: unknown = resourcePolicy) =>
      simulate({
        action: 's3:PutObject',
        resource: `${bucketArn}/${key}`,
        context: { 'aws:SecureTransport': 'true', 's3:TlsVersion': '1.3', ...context },
        resourcePolicy: policy,
      });

    it.each([
      ['a tarball without a condition', denied, tarball, whole],
      ['a tarball with If-None-Match', allowed, tarball, { ...whole, 's3:if-none-match': '*' }],
      ['another tarball in its place, with If-Match', denied, tarball, { ...whole, 's3:if-match': '"etag"' }],
      ['a part of an upload', allowed, tarball, { 's3:ObjectCreationOperation': 'false' }],
      ['a record without a condition', denied, 'demo.json', whole],
      ['the facts of releases without a condition', denied, 'facts/demo.json', whole],
      ['the facts of releases with If-Match', allowed, 'facts/demo.json', { ...whole, 's3:if-match': '"etag"' }],
      ['a record with If-None-Match', allowed, 'demo.json', { ...whole, 's3:if-none-match': '*' }],
      ['a record with If-Match', allowed, 'demo.json', { ...whole, 's3:if-match': '"etag"' }],
      [
        'a copy of a release, though with If-None-Match',
        denied,
        tarball,
        { ...whole, 's3:if-none-match': '*', 's3:x-amz-copy-source': 'bucket/demo-0.tar.xz' },
      ],
      [
        'a copy of a record, though with If-Match',
        denied,
        'demo.json',
        { ...whole, 's3:if-match': '"etag"', 's3:x-amz-copy-source': 'bucket/demo.json' },
      ],
      [
        'a tarball with If-None-Match, but without TLS',
        denied,
        tarball,
        { ...whole, 's3:if-none-match': '*', 'aws:SecureTransport': 'false' },
      ],
      [
        'a tarball with If-None-Match, but by TLS 1.1',
        denied,
        tarball,
        { ...whole, 's3:if-none-match': '*', 's3:TlsVersion': '1.1' },
      ],
    ] as const)('a PutObject of %s is %s', async (_, expected, key, context) => {
      expect(await put(context, key)).toBe(expected);
    });

    it.each(['s3:DeleteObject', 's3:DeleteObjectVersion', 's3:ReplicateObject', 's3:ReplicateDelete'])(
      '%s is allowed only to the break-glass role',
      async (action) => {
        const remove = (principal: string) =>
          simulate({
            principal,
            action,
            resource: `${bucketArn}/${tarball}`,
            context: { 'aws:SecureTransport': 'true', 's3:TlsVersion': '1.3', 'aws:PrincipalArn': principal },
            resourcePolicy,
          });

        expect(await remove(`arn:aws:iam::${account}:role/admin`)).toBe(denied);
        expect(await remove(breakGlass.replace(account, '999999999999'))).toBe(denied);
        expect(await remove(breakGlass)).toBe(allowed);
      },
    );

    const tag = (
      principal: string,
      key: string,
      { action = 's3:PutObjectTagging', kind = 'retired', policy = resourcePolicy } = {},
    ) =>
      simulate({
        principal,
        action,
        resource: `${bucketArn}/${key}`,
        context: {
          'aws:SecureTransport': 'true',
          's3:TlsVersion': '1.3',
          'aws:PrincipalArn': principal,
          's3:RequestObjectTag/kind': kind,
          ...(action === 's3:PutObject' ? { ...whole, 's3:if-none-match': '*' } : {}),
        },
        resourcePolicy: policy,
      });
    const admin = `arn:aws:iam::${account}:role/admin`;

    it.each(['s3:PutObject', 's3:PutObjectTagging', 's3:PutObjectVersionTagging'])(
      '%s with the tag that the lifecycle deletes by is allowed only to the publish function, and only on releases',
      async (action) => {
        expect(await tag(publishArn, tarball, { action })).toBe(allowed);
        for (const principal of [admin, breakGlass]) expect(await tag(principal, tarball, { action })).toBe(denied);
        for (const key of ['demo.json', 'channels.json', 'uploads/demo/1.json', 'uploads/x'])
          expect(await tag(publishArn, key, { action })).toBe(denied);
      },
    );

    it('other tags are allowed as before', async () => {
      for (const kind of ['release', 'other'])
        for (const principal of [admin, publishArn])
          expect(await tag(principal, tarball, { kind, action: 's3:PutObject' })).toBe(allowed);
    });

    it.each([
      ['OnlyTheScheduleRetires', admin, tarball],
      ['DocumentsAreNotRetired', publishArn, 'demo.json'],
    ])('a policy without %s would allow that tag', async (sid, principal, key) => {
      const { Statement } = resourcePolicy as { Statement: { Sid: string }[] };
      const careless = { Version: '2012-10-17', Statement: Statement.filter(({ Sid }) => Sid !== sid) };

      expect(await tag(principal, key)).toBe(denied);
      expect(await tag(principal, key, { policy: careless })).toBe(allowed);
    });

    it('a policy that accepted If-Match for releases would allow replacing one', async () => {
      const [, , releases, ...rest] = (resourcePolicy as { Statement: { Condition: { Null: object } }[] }).Statement;
      const Null = { ...releases?.Condition.Null, 's3:if-match': 'true' };
      const careless = {
        Version: '2012-10-17',
        Statement: [{ ...releases, Condition: { ...releases?.Condition, Null } }, ...rest],
      };

      expect(await put({ ...whole, 's3:if-match': '"etag"' }, tarball, careless)).toBe(allowed);
    });
  });
});

describe('a bucket that is not on AWS', () => {
  const secret = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:bucket-AbC123';
  const context = {
    s3Endpoint: 'https://fsn1.your-objectstorage.com',
    s3Region: 'fsn1',
    bucketName: 'tarballs',
    credentialsSecretArn: secret,
  };
  const stack = new SynthesizedStack({
    ...context,
    conditionalWrites: 'serialised',
    partChecksum: 'md5',
    s3PathStyle: 'virtual',
  });

  interface Policies {
    readonly Policies: readonly {
      readonly PolicyDocument: {
        readonly Statement: readonly { readonly Action: unknown; readonly Resource: unknown }[];
      };
    }[];
  }
  const statements = (role: string) =>
    (stack.resource('AWS::IAM::Role', role).Properties as unknown as Policies).Policies.flatMap(
      ({ PolicyDocument }) => PolicyDocument.Statement,
    );
  const environment = (of: SynthesizedStack, name: string) =>
    (of.resource('AWS::Lambda::Function', name).Properties.Environment as { readonly Variables: object }).Variables;

  describe('the stack', () => {
    it('creates no bucket and allows no action of S3', () => {
      expect(stack.resources('AWS::S3::Bucket')).toEqual([]);
      expect(stack.resources('AWS::S3::BucketPolicy')).toEqual([]);
      expect(JSON.stringify(stack.template)).not.toContain('s3:');
    });

    it.each(['Serve', 'Publish'])('lets the role of %s read only the secret of the settings', (role) => {
      const found = statements(role).filter(({ Action }) => JSON.stringify(Action).includes('secretsmanager'));
      expect(found).toEqual([{ Effect: 'Allow', Action: 'secretsmanager:GetSecretValue', Resource: secret }]);
      expect(JSON.stringify(statements(role))).not.toContain('"*"');
    });

    it.each(['Serve', 'Publish'])('gives %s the address of the bucket and the ARN of its keys, but no key', (name) => {
      expect(environment(stack, name)).toMatchObject({
        BUCKET: 'tarballs',
        S3_ENDPOINT: context.s3Endpoint,
        S3_REGION: 'fsn1',
        S3_PATH_STYLE: 'virtual',
        CREDENTIALS_SECRET_ARN: secret,
      });
      expect(JSON.stringify(stack.template)).not.toContain('{{resolve:secretsmanager');
    });

    it('reserves one publish function instance only if writes are serialised', () => {
      const reserved = (of: SynthesizedStack) =>
        of.resource('AWS::Lambda::Function', 'Publish').Properties.ReservedConcurrentExecutions;
      expect(environment(stack, 'Publish')).toHaveProperty('CONDITIONAL_WRITES', 'serialised');
      expect(environment(stack, 'Publish')).toHaveProperty('PART_CHECKSUM', 'md5');
      expect(reserved(stack)).toBe(1);
      const required = new SynthesizedStack(context);
      expect(environment(required, 'Publish')).not.toHaveProperty('CONDITIONAL_WRITES');
      expect(environment(required, 'Publish')).not.toHaveProperty('PART_CHECKSUM');
      expect(reserved(required)).toBeUndefined();
      expect(stack.resource('AWS::Lambda::Function', 'Serve').Properties).not.toHaveProperty(
        'ReservedConcurrentExecutions',
      );
    });

    it('has the name of the bucket as an output', () => {
      expect(stack.outputs.BucketName?.Value).toBe('tarballs');
    });
  });
});

describe('an existing bucket', () => {
  const own = new SynthesizedStack();
  const stack = new SynthesizedStack({ existingBucketName: 'old-channels' });
  const bucketArn = 'arn:<AWS::Partition>:s3:::old-channels';

  describe('the stack', () => {
    it('creates no bucket and no bucket policy', () => {
      expect(stack.resources('AWS::S3::Bucket')).toEqual([]);
      expect(stack.resources('AWS::S3::BucketPolicy')).toEqual([]);
      expect(stack.outputs.BucketName?.Value).toBe('old-channels');
    });

    it('has the policy that its own bucket would have as an output', () => {
      const policy = own.resource('AWS::S3::BucketPolicy').Properties.PolicyDocument;
      const moved = JSON.parse(JSON.stringify(policy).replaceAll('<ChannelBucket.Arn>', bucketArn));

      expect(JSON.parse(stack.outputs.BucketPolicyJson?.Value ?? '')).toEqual(moved);
    });

    it('gives the functions access to that bucket only', () => {
      const text = JSON.stringify(stack.resources('AWS::IAM::Role'));

      expect(text).toContain(`"Resource":"${bucketArn}/*"`);
      expect(text).toContain(`"Resource":"${bucketArn}"`);
      expect(text).not.toContain('ChannelBucket');
    });

    it('has neither output if it creates the bucket', () => {
      expect(Object.keys(own.outputs)).not.toEqual(expect.arrayContaining(['BucketPolicyJson']));
      expect(Object.keys(own.outputs)).not.toEqual(expect.arrayContaining(['LifecycleJson']));
    });
  });
});

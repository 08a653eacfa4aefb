import { ArnFormat, CfnOutput, Duration, Lazy, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  type CfnBucket,
  type CfnBucketPolicy,
  type IBucket,
  ObjectLockRetention,
  ObjectOwnership,
} from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { type BucketStatement, bucketPolicy, type DeliveryStatement } from '../domain/bucket-policy.ts';
import { bucketLifecycle, lifecycleJson } from './bucket-lifecycle.ts';
import type { StackSettings } from './settings/stack-settings.ts';

/** The roles that the bucket's policy names. */
interface ChannelRoles {
  readonly publishRoleArn: string;
  /** In the stack's account. */
  readonly breakGlassRoleName: string;
  readonly takedownRoleName?: string | undefined;
}

/** The policy of a bucket in the stack's account. */
function channelBucketPolicy(
  scope: Construct,
  bucketArn: string,
  { publishRoleArn, breakGlassRoleName, takedownRoleName }: ChannelRoles,
): readonly BucketStatement[] {
  const roleArn = (resourceName: string): string =>
    Stack.of(scope).formatArn({
      service: 'iam',
      region: '',
      resource: 'role',
      resourceName,
      arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
    });
  return bucketPolicy({
    bucketArn,
    publishRoleArn,
    breakGlassRoleArn: roleArn(breakGlassRoleName),
    takedownRoleArn: takedownRoleName === undefined ? undefined : roleArn(takedownRoleName),
  });
}

type ChannelBucketProps = Pick<
  StackSettings,
  'removalPolicy' | 'bucketObjectLock' | 'objectLock' | 'releaseTransition'
>;

/** The bucket of catalog, records and tarballs. It outlives the stack, and its policy applies to every writer. */
export class ChannelBucket extends Construct {
  readonly bucket: Bucket;

  constructor(scope: Construct, id: string, props: ChannelBucketProps) {
    super(scope, id);
    const { removalPolicy, bucketObjectLock, objectLock, releaseTransition } = props;
    this.bucket = new Bucket(this, 'Bucket', {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      encryption: BucketEncryption.S3_MANAGED,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      versioned: true,
      // Never autoDeleteObjects: CloudFormation deletes only an empty bucket, and fails for any other.
      removalPolicy: removalPolicy === 'destroy' ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN,
      lifecycleRules: bucketLifecycle(releaseTransition),
      // CloudFormation replaces the bucket when this changes.
      ...(bucketObjectLock === 'enabled' && { objectLockEnabled: true }),
      // It protects versions: records can still be overwritten, which creates a new version.
      ...(objectLock && {
        objectLockDefaultRetention: ObjectLockRetention[objectLock.mode](Duration.days(objectLock.days)),
      }),
    });
    // A fixed id: renaming a construct must not replace the bucket.
    (this.bucket.node.defaultChild as CfnBucket).overrideLogicalId('ChannelBucket');
  }

  /** The policy names the publish function's role, which does not exist when the bucket is created. */
  protect(roles: ChannelRoles): void {
    for (const statement of channelBucketPolicy(this, this.bucket.bucketArn, roles))
      this.bucket.addToResourcePolicy(PolicyStatement.fromJson(statement));
    // It is kept when the stack is deleted: CloudFormation deletes a policy before its bucket, and a bucket that cannot be
    // deleted would be left without one.
    const policy = this.bucket.policy?.node.defaultChild as CfnBucketPolicy;
    policy.overrideLogicalId('ChannelBucketPolicy');
    policy.applyRemovalPolicy(RemovalPolicy.RETAIN);
  }

  /** @returns what has to be there before these statements apply */
  allow(statements: readonly DeliveryStatement[]): readonly Construct[] {
    for (const statement of statements) this.bucket.addToResourcePolicy(PolicyStatement.fromJson(statement));
    return this.bucket.policy === undefined ? [] : [this.bucket.policy];
  }
}

/**
 * A bucket of the account that the stack did not create. CloudFormation cannot set its policy or lifecycle rules, and
 * `addToResourcePolicy` ignores them without a warning: both are outputs, for the owner to apply.
 */
export class ExistingBucket extends Construct {
  readonly bucket: IBucket;
  readonly #statements: (BucketStatement | DeliveryStatement)[] = [];

  constructor(scope: Construct, id: string, bucketName: string) {
    super(scope, id);
    this.bucket = Bucket.fromBucketName(this, 'Bucket', bucketName);
    new CfnOutput(Stack.of(this), 'LifecycleJson', {
      value: lifecycleJson(bucketLifecycle(undefined)),
      description: 'For aws s3api put-bucket-lifecycle-configuration, joined with the rules that the bucket has',
    });
  }

  protect(roles: ChannelRoles): void {
    const stack = Stack.of(this);
    this.#statements.unshift(...channelBucketPolicy(this, this.bucket.bucketArn, roles));
    const Statement = Lazy.any({ produce: () => this.#statements });
    new CfnOutput(stack, 'BucketPolicyJson', {
      value: stack.toJsonString({ Version: '2012-10-17', Statement }),
      description: 'For aws s3api put-bucket-policy, joined with the policy that the bucket has',
    });
  }

  /** Adds to the output. Nothing waits for the owner. */
  allow(statements: readonly DeliveryStatement[]): readonly Construct[] {
    this.#statements.push(...statements);
    return [];
  }
}

/** What the functions' environments and roles need for the bucket. */
interface ChannelStore {
  /** Absent if it is not on AWS. */
  readonly bucket?: Bucket | IBucket;
  /** Absent if it is not on AWS. */
  readonly protect?: (roles: ChannelRoles) => void;
  readonly bucketName: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly publishEnvironment: Readonly<Record<string, string>>;
  readonly serveStatements: readonly PolicyStatement[];
  readonly publishStatements: readonly PolicyStatement[];
  /** The lifecycle for the owner of a bucket that is not on AWS to apply, as JSON. */
  readonly lifecycle?: string;
}

export const allow = (actions: readonly string[], resource: string): PolicyStatement =>
  new PolicyStatement({ effect: Effect.ALLOW, actions: [...actions], resources: [resource] });

export function bucketOnAws(owner: ChannelBucket | ExistingBucket): ChannelStore {
  const { bucket }: { readonly bucket: Bucket | IBucket } = owner;
  return {
    bucket,
    protect: (roles) => owner.protect(roles),
    bucketName: bucket.bucketName,
    environment: {},
    publishEnvironment: { RELEASE_TAGGING: '1' },
    serveStatements: [
      allow(['s3:GetObject'], bucket.arnForObjects('*')),
      // Without it S3 answers 403 for a missing key, which could not be distinguished from a fault.
      allow(['s3:ListBucket'], bucket.bucketArn),
    ],
    publishStatements: [
      allow(
        [
          's3:GetObject',
          's3:PutObject',
          's3:PutObjectTagging', // uploads are opened with the tag of their object, and retired releases get another
          's3:AbortMultipartUpload',
          's3:ListMultipartUploadParts',
        ],
        bucket.arnForObjects('*'),
      ),
      allow(['s3:ListBucket', 's3:ListBucketMultipartUploads'], bucket.bucketArn),
      // The doctor checks whether the bucket protects its releases.
      allow(
        [
          's3:GetBucketPolicy',
          's3:GetLifecycleConfiguration',
          's3:GetBucketVersioning',
          's3:GetBucketPublicAccessBlock',
        ],
        bucket.bucketArn,
      ),
    ],
  };
}

/** A bucket of another S3-compatible store; undefined if the settings name none. */
export function bucketElsewhere({
  credentialsSecretArn: secret,
  bucketName,
  s3Region,
}: StackSettings): ChannelStore | undefined {
  if (secret === undefined || bucketName === undefined) return undefined;
  // The key aws/secretsmanager needs no right to decrypt (AWS Secrets Manager user guide, "Secret encryption and decryption").
  const readKeys = () => [allow(['secretsmanager:GetSecretValue'], secret)];
  return {
    bucketName,
    environment: { S3_REGION: s3Region, CREDENTIALS_SECRET_ARN: secret },
    publishEnvironment: {},
    serveStatements: readKeys(),
    publishStatements: readKeys(),
    lifecycle: lifecycleJson(bucketLifecycle(undefined)),
  };
}

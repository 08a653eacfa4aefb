import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  type CfnBucket,
  type CfnBucketPolicy,
  ObjectLockRetention,
  ObjectOwnership,
} from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { bucketLifecycle } from './bucket-lifecycle.ts';
import { channelBucketPolicy } from './channel-bucket-policy.ts';
import type { StackSettings } from './settings/stack-settings.ts';

export type ChannelBucketProps = Pick<
  StackSettings,
  'breakGlassRoleName' | 'removalPolicy' | 'objectLock' | 'releaseTransition'
>;

/** The bucket of catalog, records and tarballs. It outlives the stack, and its policy binds every writer, not only ours. */
export class ChannelBucket extends Construct {
  readonly bucket: Bucket;

  constructor(scope: Construct, id: string, props: ChannelBucketProps) {
    super(scope, id);
    const { breakGlassRoleName, removalPolicy, objectLock, releaseTransition } = props;
    this.bucket = new Bucket(this, 'Bucket', {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      encryption: BucketEncryption.S3_MANAGED,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      versioned: true,
      // Never autoDeleteObjects: CloudFormation deletes an empty bucket, and fails at one that holds anything.
      removalPolicy: removalPolicy === 'destroy' ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN,
      lifecycleRules: bucketLifecycle(releaseTransition),
      // It protects versions: records are still written over, which makes a new version.
      ...(objectLock && {
        objectLockEnabled: true,
        objectLockDefaultRetention: ObjectLockRetention[objectLock.mode](Duration.days(objectLock.days)),
      }),
    });
    const { bucketArn } = this.bucket;
    for (const statement of channelBucketPolicy(this, bucketArn, breakGlassRoleName))
      this.bucket.addToResourcePolicy(PolicyStatement.fromJson(statement));
    // What holds data is never to be replaced because a construct was renamed, and keeps its guard when the stack goes:
    // CloudFormation deletes a policy first, and what could not be deleted after it would be left without one.
    (this.bucket.node.defaultChild as CfnBucket).overrideLogicalId('ChannelBucket');
    const policy = this.bucket.policy?.node.defaultChild as CfnBucketPolicy;
    policy.overrideLogicalId('ChannelBucketPolicy');
    policy.applyRemovalPolicy(RemovalPolicy.RETAIN);
  }
}

import { CfnOutput, Stack } from 'aws-cdk-lib';
import { Bucket, type IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { bucketLifecycle } from './bucket-lifecycle.ts';
import { channelBucketPolicy } from './channel-bucket-policy.ts';
import { lifecycleJson } from './lifecycle-json.ts';

export interface ExistingBucketProps {
  readonly bucketName: string;
  readonly breakGlassRoleName: string;
}

/**
 * A bucket of the account that the stack did not make. CloudFormation cannot give it a policy or lifecycle rules, and
 * `addToResourcePolicy` says nothing about that: both are told as outputs, for the owner to put.
 */
export class ExistingBucket extends Construct {
  readonly bucket: IBucket;

  constructor(scope: Construct, id: string, props: ExistingBucketProps) {
    super(scope, id);
    this.bucket = Bucket.fromBucketName(this, 'Bucket', props.bucketName);
    const stack = Stack.of(this);
    const Statement = channelBucketPolicy(this, this.bucket.bucketArn, props.breakGlassRoleName);
    new CfnOutput(stack, 'BucketPolicyJson', {
      value: stack.toJsonString({ Version: '2012-10-17', Statement }),
      description: 'For aws s3api put-bucket-policy, joined with the policy that the bucket has',
    });
    new CfnOutput(stack, 'LifecycleJson', {
      value: lifecycleJson(bucketLifecycle(undefined)),
      description: 'For aws s3api put-bucket-lifecycle-configuration, joined with the rules that the bucket has',
    });
  }
}

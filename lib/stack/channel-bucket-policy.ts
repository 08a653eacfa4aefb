import { ArnFormat, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { type BucketStatement, bucketPolicy } from '../domain/bucket-policy.ts';

/** The policy of a bucket of the stack's own account. */
export function channelBucketPolicy(
  scope: Construct,
  bucketArn: string,
  breakGlassRoleName: string,
): readonly BucketStatement[] {
  const breakGlassRoleArn = Stack.of(scope).formatArn({
    service: 'iam',
    region: '',
    resource: 'role',
    resourceName: breakGlassRoleName,
    arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
  });
  return bucketPolicy({ bucketArn, breakGlassRoleArn });
}

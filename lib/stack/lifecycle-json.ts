import type { LifecycleRule } from 'aws-cdk-lib/aws-s3';

/** The rules as `aws s3api put-bucket-lifecycle-configuration` takes them; the parts of a rule that `bucketLifecycle` uses. */
export const lifecycleJson = (rules: readonly LifecycleRule[]): string =>
  JSON.stringify({ Rules: rules.map(ruleJson) });

function ruleJson(rule: LifecycleRule): Record<string, unknown> {
  const { id, prefix, abortIncompleteMultipartUploadAfter, expiration, noncurrentVersionExpiration } = rule;
  return {
    ID: id,
    Status: 'Enabled',
    Filter: { Prefix: prefix ?? '' },
    ...(abortIncompleteMultipartUploadAfter && {
      AbortIncompleteMultipartUpload: { DaysAfterInitiation: abortIncompleteMultipartUploadAfter.toDays() },
    }),
    ...(expiration && { Expiration: { Days: expiration.toDays() } }),
    ...(noncurrentVersionExpiration && {
      NoncurrentVersionExpiration: { NoncurrentDays: noncurrentVersionExpiration.toDays() },
    }),
  };
}

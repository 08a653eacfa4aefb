import type { StatementName } from '../../../lib/domain/bucket-policy.ts';
import type { BucketGuards, Told } from '../../../lib/store/write/bucket-guards.ts';
import { checkLifecycle } from './check-lifecycle.ts';
import { type Finding, finding } from './finding.ts';
import { missingStatements } from './missing-statements.ts';

/** What anybody with the right to write can do as long as a statement is missing. */
const allowed: Readonly<Record<StatementName, string>> = {
  OnlyByTls: 'requests without TLS are answered',
  OnlyByTls12AndNewer: 'requests by TLS 1.0 and 1.1 are answered',
  ReleasesAreOnlyCreated: 'a release can be written over, which breaks the locks that name it',
  DocumentsChangeByCompareAndSwap:
    'a record can be written without a condition, which loses what others published meanwhile',
  NothingIsACopy:
    "a copy can take a release's place, and has another entity tag, so that the record's facts are not believed",
  OnlyBreakGlassDeletes: 'whoever has the right can delete releases',
  NothingIsReplicatedHere: 'replication from another bucket can write over releases and records',
};

function checkPolicy({ bucket }: BucketGuards, policy: string | undefined): Finding[] {
  return missingStatements(bucket, policy).map((name) =>
    finding(
      'policy-missing',
      name,
      `The bucket's policy has no statement like this one of the stack: ${allowed[name]}.`,
      'Put the policy of the output BucketPolicyJson of the stack, joined with the one that the bucket has.',
    ),
  );
}

const unseen = (subject: string, means: string): Finding =>
  finding('guard-unseen', subject, means, 'Look at it by the means that the store has.');

/** What a check makes of a setting, or that it could not be looked at. */
const checked = <Value>(
  subject: string,
  setting: Told<Value>,
  check: (value: Value | undefined) => readonly Finding[],
): readonly Finding[] =>
  'unseen' in setting
    ? [unseen(subject, `Could not look at the ${subject}: the store answers ${setting.unseen}.`)]
    : check(setting.value);

/** Whether the bucket protects its releases as one that the stack makes does. */
export function checkGuards(guards: BucketGuards): readonly Finding[] {
  return [
    ...(guards.amazon
      ? checked("bucket's policy", guards.policy, (policy) => checkPolicy(guards, policy))
      : [
          unseen(
            "bucket's policy",
            "Did not look at the bucket's policy: the store is not Amazon's, and which conditions it heeds is not known. " +
              'Releases are safe from whoever has no keys that write.',
          ),
        ]),
    ...checked('lifecycle rules', guards.lifecycle, (rules = []) => checkLifecycle(rules)),
    ...checked('versioning', guards.versioning, (status) =>
      status === 'Enabled'
        ? []
        : [
            finding(
              'versioning-off',
              'versioning',
              'The bucket keeps no old versions: what is deleted or written over by mistake is gone for good.',
              `aws s3api put-bucket-versioning --bucket ${guards.bucket} --versioning-configuration Status=Enabled`,
            ),
          ],
    ),
    ...checked('block of public access', guards.publicAccess, (block) =>
      block?.BlockPublicAcls && block.BlockPublicPolicy && block.IgnorePublicAcls && block.RestrictPublicBuckets
        ? []
        : [
            finding(
              'public-access',
              'block of public access',
              'A policy or an ACL could open the bucket to everybody, past the API and whom it lets read.',
              `aws s3api put-public-access-block --bucket ${guards.bucket} --public-access-block-configuration BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true`,
            ),
          ],
    ),
  ];
}

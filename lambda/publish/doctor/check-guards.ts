import type { LifecycleRule } from '@aws-sdk/client-s3';
import { type Finding, finding } from '../../../lib/api/finding.ts';
import { partitionIds } from '../../../lib/domain/aws.ts';
import { bucketPolicy, type StatementName } from '../../../lib/domain/bucket-policy.ts';
import { uploadsPrefix } from '../../../lib/domain/store.ts';
import type { BucketGuards, Setting } from '../../../lib/store/write/guards.ts';

const prefixOf = ({ Filter, Prefix }: LifecycleRule): string => Filter?.Prefix ?? Filter?.And?.Prefix ?? Prefix ?? '';

/** Keys of releases, records and the catalog have no slash. */
const reachesReleases = (rule: LifecycleRule): boolean => !prefixOf(rule).includes('/');

const expires = ({ Expiration }: LifecycleRule): boolean =>
  Expiration?.Days !== undefined || Expiration?.Date !== undefined;

const answers403 = (storageClass: string | undefined): boolean =>
  storageClass === 'GLACIER' || storageClass === 'DEEP_ARCHIVE';

const put =
  'Add the lifecycle rules of the stack. "npx cdk synth" prints them: with the bucket of the stack, or as an output for a bucket that the stack did not create.';

function findingsOf(rule: LifecycleRule): Finding[] {
  const subject = rule.ID ?? 'a lifecycle rule without a name';
  const takeOut = 'Take the rule out, or give it a prefix that no release begins with.';
  return [
    ...(expires(rule)
      ? [
          finding(
            'lifecycle-expires',
            subject,
            'This lifecycle rule deletes releases and records when they are so old: readers get 404, and locks break.',
            takeOut,
          ),
        ]
      : []),
    ...(rule.NoncurrentVersionExpiration === undefined
      ? []
      : [
          finding(
            'lifecycle-forgets',
            subject,
            'This lifecycle rule deletes old versions: a release that was deleted by mistake is soon gone for good.',
            takeOut,
          ),
        ]),
    ...(rule.Transitions?.some(({ StorageClass }) => answers403(StorageClass))
      ? [
          finding(
            'lifecycle-archives',
            subject,
            'This lifecycle rule moves releases to where S3 answers 403 until they are restored: readers are refused.',
            'Move them to STANDARD_IA or GLACIER_IR instead, and restore what was moved.',
          ),
        ]
      : []),
  ];
}

/** What the bucket's rules do to releases, and what they leave undone. */
function checkLifecycle(rules: readonly LifecycleRule[]): Finding[] {
  const enabled = rules.filter(({ Status }) => Status === 'Enabled');
  const aborts = enabled.some((rule) => rule.AbortIncompleteMultipartUpload !== undefined && prefixOf(rule) === '');
  const tidies = enabled.some((rule) => expires(rule) && uploadsPrefix.startsWith(prefixOf(rule)));
  return [
    ...enabled.filter(reachesReleases).flatMap(findingsOf),
    ...(aborts
      ? []
      : [
          finding(
            'lifecycle-missing',
            'AbortIncompleteUploads',
            'No lifecycle rule aborts uploads that nobody finishes: their parts are paid for until somebody does.',
            put,
          ),
        ]),
    ...(tidies
      ? []
      : [
          finding(
            'lifecycle-missing',
            'ExpireUploadState',
            'No lifecycle rule removes what was declared of uploads: it stays under uploads/ for ever.',
            put,
          ),
        ]),
  ];
}

const roleForm = new RegExp(String.raw`^arn:${partitionIds}:iam::\d{12}:role/[^*?]+$`);
const bucketForm = new RegExp(`^arn:${partitionIds}:s3:::`);
const someRole = 'arn:aws:iam::000000000000:role/whichever';

/** IAM takes a list of one for the one, any order of a list, and text for numbers; and each partition has its own ARNs. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 1 ? canonical(value[0]) : value.map(canonical).sort();
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([key, entry]) => [key, canonical(entry)] as const);
    return Object.fromEntries(entries.sort(([one], [other]) => (one < other ? -1 : 1)));
  }
  const text = String(value);
  return roleForm.test(text) ? someRole : text.replace(bucketForm, 'arn:aws:s3:::');
}

/** Without its name; everybody may be written as `*`. */
function formOf({ Sid: _, Principal, ...rest }: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(canonical({ ...rest, Principal: Principal === '*' ? { AWS: '*' } : Principal }));
}

function statementsOf(policy: string): readonly Readonly<Record<string, unknown>>[] {
  try {
    const { Statement } = JSON.parse(policy) as { Statement?: Record<string, unknown>[] };
    return [Statement ?? []].flat().filter((one) => typeof one === 'object' && one !== null);
  } catch {
    return [];
  }
}

/** The names of the statements that a bucket of the stack has and this one has not, whatever they are called there. */
function missingStatements(bucket: string, policy: string | undefined): readonly StatementName[] {
  const found = new Set(statementsOf(policy ?? '').map(formOf));
  return bucketPolicy({ bucketArn: `arn:aws:s3:::${bucket}`, breakGlassRoleArn: someRole })
    .filter((statement) => !found.has(formOf({ ...statement })))
    .map(({ Sid }) => Sid);
}

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
      'Add the statement to the policy of the bucket. "npx cdk synth" prints it: in the AWS::S3::BucketPolicy of the stack, or as an output for a bucket that the stack did not create.',
    ),
  );
}

const unseen = (subject: string, means: string): Finding =>
  finding('guard-unseen', subject, means, 'Look at it by the means that the store has.');

/** What a check makes of a setting, or that it could not be looked at. */
const checked = <Value>(
  subject: string,
  setting: Setting<Value>,
  check: (value: Value | undefined) => readonly Finding[],
): readonly Finding[] =>
  'unreadable' in setting
    ? [unseen(subject, `Could not look at the ${subject}: the store answers ${setting.unreadable}.`)]
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

import type { LifecycleRule } from '@aws-sdk/client-s3';
import { type Finding, finding } from '../../../lib/api/finding.ts';
import { partitionIds } from '../../../lib/domain/aws.ts';
import { type BucketStatement, bucketPolicy, type StatementName } from '../../../lib/domain/bucket-policy.ts';
import { retiredTag, uploadsPrefix } from '../../../lib/domain/store.ts';
import type { BucketGuards, Setting } from '../../../lib/store/write/guards.ts';

const prefixOf = ({ Filter, Prefix }: LifecycleRule): string => Filter?.Prefix ?? Filter?.And?.Prefix ?? Prefix ?? '';

/** Keys of releases, records and the catalog have no slash. */
const reachesReleases = (rule: LifecycleRule): boolean => !prefixOf(rule).includes('/');

/** Of the releases that are retired for good, which nobody has to get back. */
const isOfRetired = ({ Filter }: LifecycleRule): boolean =>
  [Filter?.Tag, ...(Filter?.And?.Tags ?? [])].some(
    (tag) => tag?.Key === retiredTag.key && tag.Value === retiredTag.value,
  );

const expires = ({ Expiration }: LifecycleRule): boolean =>
  Expiration?.Days !== undefined || Expiration?.Date !== undefined;

const answers403 = (storageClass: string | undefined): boolean =>
  storageClass === 'GLACIER' || storageClass === 'DEEP_ARCHIVE';

const ruleAdvice =
  'Add the lifecycle rules of the stack. "npx cdk synth" prints them: with the bucket of the stack, or as an output for a bucket that the stack did not create.';

/** What an enabled rule does to releases. */
function ruleFindings(rule: LifecycleRule): Finding[] {
  const subject = rule.ID ?? 'a lifecycle rule without a name';
  const removeAdvice = 'Remove the rule, or give it a prefix that no release begins with.';
  return [
    ...(expires(rule)
      ? [
          finding(
            'lifecycle-expires',
            subject,
            'This lifecycle rule deletes releases and records at a certain age: readers get 404, and locks break.',
            removeAdvice,
          ),
        ]
      : []),
    ...(rule.NoncurrentVersionExpiration === undefined
      ? []
      : [
          finding(
            'lifecycle-forgets',
            subject,
            'This lifecycle rule deletes old versions: a release that was deleted by mistake cannot be restored for long.',
            removeAdvice,
          ),
        ]),
    ...(rule.Transitions?.some(({ StorageClass }) => answers403(StorageClass))
      ? [
          finding(
            'lifecycle-archives',
            subject,
            'This lifecycle rule moves releases to a storage class for which S3 answers 403 until they are restored: readers are refused.',
            'Move them to STANDARD_IA or GLACIER_IR instead, and restore those that were moved.',
          ),
        ]
      : []),
  ];
}

const missingRule = (name: string, means: string): Finding => finding('lifecycle-missing', name, means, ruleAdvice);

/** @param amazon other stores may have no tags, and their rules no filter by them */
function checkLifecycle(rules: readonly LifecycleRule[], amazon: boolean): Finding[] {
  const enabled = rules.filter(({ Status }) => Status === 'Enabled');
  const aborts = enabled.some((rule) => rule.AbortIncompleteMultipartUpload !== undefined && prefixOf(rule) === '');
  const empties = enabled.some((rule) => expires(rule) && uploadsPrefix.startsWith(prefixOf(rule)));
  const deletes = enabled.some(
    (rule) => isOfRetired(rule) && expires(rule) && rule.NoncurrentVersionExpiration !== undefined,
  );
  const tidies = enabled.some((rule) => rule.Expiration?.ExpiredObjectDeleteMarker === true && prefixOf(rule) === '');
  const missing = [
    ...(aborts
      ? []
      : [
          missingRule(
            'AbortIncompleteUploads',
            'No lifecycle rule aborts unfinished uploads: their parts are stored and billed for ever.',
          ),
        ]),
    ...(empties
      ? []
      : [
          missingRule(
            'ExpireUploadState',
            'No lifecycle rule removes the declarations of uploads: they stay under uploads/ for ever.',
          ),
        ]),
    ...(deletes || !amazon
      ? []
      : [
          missingRule(
            'DeleteRetiredReleases',
            'No lifecycle rule deletes retired releases with their versions: they are stored and billed for ever.',
          ),
        ]),
    ...(tidies || !amazon
      ? []
      : [
          missingRule(
            'DeleteLoneMarkers',
            'No lifecycle rule removes the delete markers that are left of retired releases: they make listings slow.',
          ),
        ]),
  ];
  return [...enabled.filter((rule) => reachesReleases(rule) && !isOfRetired(rule)).flatMap(ruleFindings), ...missing];
}

const roleForm = new RegExp(String.raw`^arn:${partitionIds}:iam::\d{12}:role/[^*?]+$`);
const bucketForm = new RegExp(`^arn:${partitionIds}:s3:::`);
const someRole = 'arn:aws:iam::000000000000:role/whichever';

/** To IAM a list of one is the same as its element, order and number formats do not matter; each partition has its own ARNs. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 1 ? canonical(value[0]) : value.map(canonical).sort();
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([key, entry]) => [key, canonical(entry)] as const);
    return Object.fromEntries(entries.sort(([one], [other]) => (one < other ? -1 : 1)));
  }
  const text = String(value);
  return roleForm.test(text) ? someRole : text.replace(bucketForm, 'arn:aws:s3:::');
}

/** A statement without its name, for comparison. Everybody may be written as `*`. */
function canonicalStatement({ Sid: _, Principal, ...rest }: Readonly<Record<string, unknown>>): string {
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

/** The names of the stack's statements that this bucket does not have under any name. */
function missingStatements(bucket: string, policy: string | undefined): readonly StatementName[] {
  const found = new Set(statementsOf(policy ?? '').map(canonicalStatement));
  const isFound = (statement: BucketStatement): boolean => found.has(canonicalStatement({ ...statement }));
  const roles = { bucketArn: `arn:aws:s3:::${bucket}`, breakGlassRoleArn: someRole, publishRoleArn: someRole };
  const withTakedown = bucketPolicy({ ...roles, takedownRoleArn: someRole });
  const hasTakedown = withTakedown.some((statement) => statement.Sid === 'OnlyBreakGlassDeletes' && isFound(statement));
  return (hasTakedown ? withTakedown : bucketPolicy(roles)).filter((each) => !isFound(each)).map(({ Sid }) => Sid);
}

/** What is possible while a statement is missing. */
const consequences: Readonly<Record<StatementName, string>> = {
  OnlyByTls: 'requests without TLS are answered',
  OnlyByTls12AndNewer: 'requests by TLS 1.0 and 1.1 are answered',
  ReleasesAreOnlyCreated: 'a release can be overwritten, which breaks the locks that contain it',
  DocumentsChangeByCompareAndSwap:
    'a record can be written without a condition, which loses what others published in the meantime',
  NothingIsACopy: "a copy can replace a release, with another entity tag, so that the record's facts are ignored",
  OnlyBreakGlassDeletes: 'whoever has s3:DeleteObject can delete releases',
  OnlyTheScheduleRetires: 'whoever has s3:PutObjectTagging can make the lifecycle rules delete releases',
  DocumentsAreNotRetired: 'a wrong tag can make the lifecycle rules delete the catalog and records',
  DocumentsAreNotTakenDown: 'the role for takedowns can delete the catalog and records',
  NothingIsReplicatedHere: 'replication from another bucket can overwrite releases and records',
};

function checkPolicy({ bucket }: BucketGuards, policy: string | undefined): Finding[] {
  return missingStatements(bucket, policy).map((name) =>
    finding(
      'policy-missing',
      name,
      `The bucket's policy lacks this statement of the stack: ${consequences[name]}.`,
      'Add the statement to the policy of the bucket. "npx cdk synth" prints it: in the AWS::S3::BucketPolicy of the stack, or as an output for a bucket that the stack did not create.',
    ),
  );
}

const uncheckedFinding = (subject: string, means: string): Finding =>
  finding('guard-unseen', subject, means, "Check it with the store's own tools.");

/** The findings about a setting, or that it could not be checked. */
const checkSetting = <Value>(
  subject: string,
  setting: Setting<Value>,
  check: (value: Value | undefined) => readonly Finding[],
): readonly Finding[] =>
  'unreadable' in setting
    ? [uncheckedFinding(subject, `The ${subject} could not be checked: the store answers ${setting.unreadable}.`)]
    : check(setting.value);

/** Whether the bucket protects its releases as one that the stack makes does. */
export function checkGuards(guards: BucketGuards): readonly Finding[] {
  return [
    ...(guards.amazon
      ? checkSetting("bucket's policy", guards.policy, (policy) => checkPolicy(guards, policy))
      : [
          uncheckedFinding(
            "bucket's policy",
            "The bucket's policy was not checked: the store is not Amazon S3, and it is unknown which conditions it evaluates. " +
              'Releases are safe from whoever has no keys that can write.',
          ),
        ]),
    ...checkSetting('lifecycle rules', guards.lifecycle, (rules = []) => checkLifecycle(rules, guards.amazon)),
    ...checkSetting('versioning', guards.versioning, (status) =>
      status === 'Enabled'
        ? []
        : [
            finding(
              'versioning-off',
              'versioning',
              'The bucket keeps no old versions: what is deleted or overwritten by mistake is lost.',
              `aws s3api put-bucket-versioning --bucket ${guards.bucket} --versioning-configuration Status=Enabled`,
            ),
          ],
    ),
    ...checkSetting('block of public access', guards.publicAccess, (block) =>
      block?.BlockPublicAcls && block.BlockPublicPolicy && block.IgnorePublicAcls && block.RestrictPublicBuckets
        ? []
        : [
            finding(
              'public-access',
              'block of public access',
              'A policy or an ACL could open the bucket to everybody, around the access rules of the API.',
              `aws s3api put-public-access-block --bucket ${guards.bucket} --public-access-block-configuration BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true`,
            ),
          ],
    ),
  ];
}

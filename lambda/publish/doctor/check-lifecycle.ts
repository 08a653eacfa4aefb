import type { LifecycleRule } from '@aws-sdk/client-s3';
import { type Finding, finding } from './finding.ts';

const prefixOf = ({ Filter, Prefix }: LifecycleRule): string => Filter?.Prefix ?? Filter?.And?.Prefix ?? Prefix ?? '';

/** Keys of releases, records and the catalog have no slash. */
const reachesReleases = (rule: LifecycleRule): boolean => !prefixOf(rule).includes('/');

const expires = ({ Expiration }: LifecycleRule): boolean =>
  Expiration?.Days !== undefined || Expiration?.Date !== undefined;

const answers403 = (storageClass: string | undefined): boolean =>
  storageClass === 'GLACIER' || storageClass === 'DEEP_ARCHIVE';

const put = 'Put the rules of the output LifecycleJson of the stack, joined with those that the bucket has.';

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
export function checkLifecycle(rules: readonly LifecycleRule[]): Finding[] {
  const enabled = rules.filter(({ Status }) => Status === 'Enabled');
  const aborts = enabled.some((rule) => rule.AbortIncompleteMultipartUpload !== undefined && prefixOf(rule) === '');
  const tidies = enabled.some((rule) => expires(rule) && 'uploads/'.startsWith(prefixOf(rule)));
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

import { Duration } from 'aws-cdk-lib';
import { type LifecycleRule, StorageClass } from 'aws-cdk-lib/aws-s3';
import { releaseTag, retiredTag } from '../domain/store.ts';
import type { ReleaseTransition } from './settings/bucket-settings.ts';

const storageClasses: Readonly<Record<ReleaseTransition['storageClass'], StorageClass>> = {
  STANDARD_IA: StorageClass.INFREQUENT_ACCESS,
  GLACIER_IR: StorageClass.GLACIER_INSTANT_RETRIEVAL,
};

/**
 * Releases are only moved, unless they have the tag of retired ones. Old versions of others and of records never expire:
 * otherwise what was overwritten or deleted by mistake would be lost.
 */
export function bucketLifecycle(transition: ReleaseTransition | undefined): LifecycleRule[] {
  return [
    { id: 'AbortIncompleteUploads', abortIncompleteMultipartUploadAfter: Duration.days(7) },
    // The state of an upload, one day longer than the upload itself. With `Days`, S3 also removes the delete marker that
    // expiration leaves, once it is the only version and has that age (S3 user guide, "Lifecycle configuration elements").
    // The bucket policy does not prevent this: "even if your bucket policy denies all actions for all principals, your
    // S3 Lifecycle configuration still functions as normal" (S3 user guide, "Bucket policies for Amazon S3"). Under Object
    // Lock it waits until the retention of a version ends.
    {
      id: 'ExpireUploadState',
      prefix: 'uploads/',
      expiration: Duration.days(8),
      noncurrentVersionExpiration: Duration.days(1),
    },
    // S3 counts `Days` from the creation of an object, so the tag is set only when the grace time is over. The current version
    // becomes noncurrent and keeps its tags; a day later it is deleted. Under Object Lock it waits until its retention ends.
    {
      id: 'DeleteRetiredReleases',
      tagFilters: { [retiredTag.key]: retiredTag.value },
      expiration: Duration.days(1),
      noncurrentVersionExpiration: Duration.days(1),
    },
    // What is left of a release is its delete marker, which has no tags: S3 takes this element only in a rule without them (S3
    // user guide, "Lifecycle configuration elements"). Markers over a version that still exists stay.
    { id: 'DeleteLoneMarkers', expiredObjectDeleteMarker: true },
    // Each publication writes the facts of all releases of its channel again, and the doctor makes them anew from the objects.
    { id: 'ExpireOldFacts', prefix: 'facts/', noncurrentVersionExpiration: Duration.days(1) },
    ...(transition === undefined ? [] : [moveReleases(transition)]),
  ];
}

/** By the tag that publishing sets: filters have prefix, tag and size, but no suffix. Records are not moved. */
const moveReleases = ({ storageClass, days }: ReleaseTransition): LifecycleRule => ({
  id: 'MoveReleases',
  tagFilters: { [releaseTag.key]: releaseTag.value },
  transitions: [{ storageClass: storageClasses[storageClass], transitionAfter: Duration.days(days) }],
});

/** The rules as `aws s3api put-bucket-lifecycle-configuration` takes them; the parts of a rule that `bucketLifecycle` uses. */
export const lifecycleJson = (rules: readonly LifecycleRule[]): string =>
  JSON.stringify({ Rules: rules.map(ruleJson) });

function ruleJson(rule: LifecycleRule): Record<string, unknown> {
  const { id, prefix, abortIncompleteMultipartUploadAfter, expiration, noncurrentVersionExpiration } = rule;
  const [tag] = Object.entries((rule.tagFilters ?? {}) as Readonly<Record<string, string>>);
  return {
    ID: id,
    Status: 'Enabled',
    Filter: tag === undefined ? { Prefix: prefix ?? '' } : { Tag: { Key: tag[0], Value: tag[1] } },
    ...(abortIncompleteMultipartUploadAfter && {
      AbortIncompleteMultipartUpload: { DaysAfterInitiation: abortIncompleteMultipartUploadAfter.toDays() },
    }),
    ...(expiration && { Expiration: { Days: expiration.toDays() } }),
    ...(rule.expiredObjectDeleteMarker && { Expiration: { ExpiredObjectDeleteMarker: true } }),
    ...(noncurrentVersionExpiration && {
      NoncurrentVersionExpiration: { NoncurrentDays: noncurrentVersionExpiration.toDays() },
    }),
  };
}

import { Duration } from 'aws-cdk-lib';
import { type LifecycleRule, StorageClass } from 'aws-cdk-lib/aws-s3';
import type { ReleaseTransition } from './settings/parse-retention.ts';

const storageClasses: Readonly<Record<ReleaseTransition['storageClass'], StorageClass>> = {
  STANDARD_IA: StorageClass.INFREQUENT_ACCESS,
  GLACIER_IR: StorageClass.GLACIER_INSTANT_RETRIEVAL,
};

/**
 * No rule touches a release but to move it: old versions never expire, or what was overwritten or deleted by mistake would be
 * gone for good.
 */
export function bucketLifecycle(transition: ReleaseTransition | undefined): LifecycleRule[] {
  return [
    { id: 'AbortIncompleteUploads', abortIncompleteMultipartUploadAfter: Duration.days(7) },
    // The state of an upload, one day longer than the upload itself. With `Days` given S3 also removes the delete marker
    // that expiration leaves, once it is alone and of that age (S3 user guide, "Lifecycle configuration elements").
    // The bucket policy cannot stand in the way: "even if your bucket policy denies all actions for all principals, your
    // S3 Lifecycle configuration still functions as normal" (S3 user guide, "Bucket policies for Amazon S3"). Under Object
    // Lock it waits until the retention of a version is over.
    {
      id: 'ExpireUploadState',
      prefix: 'uploads/',
      expiration: Duration.days(8),
      noncurrentVersionExpiration: Duration.days(1),
    },
    ...(transition === undefined ? [] : [moveReleases(transition)]),
  ];
}

/** By the tag that publishing sets: filters know prefix, tag and size, and no suffix. Records stay where they are. */
const moveReleases = ({ storageClass, days }: ReleaseTransition): LifecycleRule => ({
  id: 'MoveReleases',
  tagFilters: { kind: 'release' },
  transitions: [{ storageClass: storageClasses[storageClass], transitionAfter: Duration.days(days) }],
});

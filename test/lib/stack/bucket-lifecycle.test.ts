import { describe, expect, it } from '@jest/globals';
import type { LifecycleRule } from '../../support/lifecycle-rule.ts';
import { SynthesizedStack } from '../../support/synth-stack.ts';

const bucketOf = (stack: SynthesizedStack) => stack.resource('AWS::S3::Bucket');
const own = new SynthesizedStack();
const bucket = bucketOf(own);

describe('the lifecycle of the bucket that the stack creates', () => {
  it('expires incomplete uploads, a day later their state, old versions of facts, and what is retired, but nothing else', () => {
    expect(bucket.Properties.LifecycleConfiguration).toEqual({
      Rules: [
        {
          Id: 'AbortIncompleteUploads',
          Status: 'Enabled',
          AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 },
        },
        {
          Id: 'ExpireUploadState',
          Status: 'Enabled',
          Prefix: 'uploads/',
          ExpirationInDays: 8,
          NoncurrentVersionExpiration: { NoncurrentDays: 1 },
        },
        {
          Id: 'DeleteRetiredReleases',
          Status: 'Enabled',
          TagFilters: [{ Key: 'kind', Value: 'retired' }],
          ExpirationInDays: 1,
          NoncurrentVersionExpiration: { NoncurrentDays: 1 },
        },
        { Id: 'DeleteLoneMarkers', Status: 'Enabled', ExpiredObjectDeleteMarker: true },
        {
          Id: 'ExpireOldFacts',
          Status: 'Enabled',
          Prefix: 'facts/',
          NoncurrentVersionExpiration: { NoncurrentDays: 1 },
        },
      ],
    });
  });

  it('moves old releases, which it finds by their tag, and nothing else', () => {
    const { Properties } = bucketOf(
      new SynthesizedStack({ releaseTransition: { storageClass: 'GLACIER_IR', days: 90 } }),
    );
    const { Rules } = Properties.LifecycleConfiguration as { Rules: readonly unknown[] };
    const usual = bucket.Properties.LifecycleConfiguration as { Rules: readonly unknown[] };

    expect(Rules).toEqual([
      ...usual.Rules,
      {
        Id: 'MoveReleases',
        Status: 'Enabled',
        TagFilters: [{ Key: 'kind', Value: 'release' }],
        Transitions: [{ StorageClass: 'GLACIER_IR', TransitionInDays: 90 }],
      },
    ]);
  });
});

describe('the lifecycle for the owner of another bucket to apply, an output of the stack', () => {
  const asCloudFormationHasIt = ({ ID, Filter, Expiration, ...rest }: Record<string, unknown>) => {
    const { Prefix, Tag } = Filter as { Prefix?: string; Tag?: object };
    const { Days, ...markers } = (Expiration ?? {}) as { Days?: number };
    return {
      Id: ID,
      ...(Prefix ? { Prefix } : {}),
      ...(Tag === undefined ? {} : { TagFilters: [Tag] }),
      ...(Days === undefined ? {} : { ExpirationInDays: Days }),
      ...markers,
      ...rest,
    };
  };

  it('has the rules for a bucket that is not on AWS', () => {
    const stack = new SynthesizedStack({
      s3Endpoint: 'https://fsn1.your-objectstorage.com',
      s3Region: 'fsn1',
      bucketName: 'tarballs',
      credentialsSecretArn: 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:bucket-AbC123',
    });
    expect(JSON.parse(stack.outputs.LifecycleJson?.Value ?? '')).toEqual({
      Rules: [
        expect.objectContaining({ AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 } }),
        expect.objectContaining({ Filter: { Prefix: 'uploads/' }, Expiration: { Days: 8 } }),
        {
          ID: 'DeleteRetiredReleases',
          Status: 'Enabled',
          Filter: { Tag: { Key: 'kind', Value: 'retired' } },
          Expiration: { Days: 1 },
          NoncurrentVersionExpiration: { NoncurrentDays: 1 },
        },
        expect.objectContaining({ Filter: { Prefix: '' }, Expiration: { ExpiredObjectDeleteMarker: true } }),
        {
          ID: 'ExpireOldFacts',
          Status: 'Enabled',
          Filter: { Prefix: 'facts/' },
          NoncurrentVersionExpiration: { NoncurrentDays: 1 },
        },
      ],
    });
    expect(own.outputs).not.toHaveProperty('LifecycleJson');
  });

  it('has the rules of its own bucket for an existing one', () => {
    const stack = new SynthesizedStack({ existingBucketName: 'old-channels' });
    const { Rules } = bucket.Properties.LifecycleConfiguration as { Rules: readonly LifecycleRule[] };
    const output = JSON.parse(stack.outputs.LifecycleJson?.Value ?? '') as { Rules: Record<string, unknown>[] };

    expect(output.Rules.map(asCloudFormationHasIt)).toEqual(Rules);
  });
});

import { describe, expect, it } from '@jest/globals';
import type { LifecycleRule } from '../../support/lifecycle-rule.ts';
import { SynthesizedStack } from '../../support/synth-stack.ts';

const own = new SynthesizedStack();
const stack = new SynthesizedStack({ existingBucketName: 'old-channels' });
const bucketArn = 'arn:<AWS::Partition>:s3:::old-channels';

const asCloudFormationHasIt = ({ ID, Filter, Expiration, ...rest }: Record<string, unknown>) => ({
  Id: ID,
  ...((Filter as { Prefix: string }).Prefix === '' ? {} : (Filter as object)),
  ...(Expiration === undefined ? {} : { ExpirationInDays: (Expiration as { Days: number }).Days }),
  ...rest,
});

describe('a stack around an existing bucket', () => {
  it('makes none, and no policy of one', () => {
    expect(stack.resources('AWS::S3::Bucket')).toEqual([]);
    expect(stack.resources('AWS::S3::BucketPolicy')).toEqual([]);
    expect(stack.outputs.BucketName?.Value).toBe('old-channels');
  });

  it('tells the policy that a bucket of its own would have', () => {
    const policy = own.resource('AWS::S3::BucketPolicy').Properties.PolicyDocument;
    const moved = JSON.parse(JSON.stringify(policy).replaceAll('<ChannelBucket.Arn>', bucketArn));

    expect(JSON.parse(stack.outputs.BucketPolicyJson?.Value ?? '')).toEqual(moved);
  });

  it('tells the lifecycle rules that a bucket of its own would have', () => {
    const { Rules } = own.resource('AWS::S3::Bucket').Properties.LifecycleConfiguration as {
      Rules: readonly LifecycleRule[];
    };
    const told = JSON.parse(stack.outputs.LifecycleJson?.Value ?? '') as { Rules: Record<string, unknown>[] };

    expect(told.Rules.map(asCloudFormationHasIt)).toEqual(Rules);
  });

  it('lets the functions at that bucket and no other', () => {
    const text = JSON.stringify(stack.resources('AWS::IAM::Role'));

    expect(text).toContain(`"Resource":"${bucketArn}/*"`);
    expect(text).toContain(`"Resource":"${bucketArn}"`);
    expect(text).not.toContain('ChannelBucket');
  });

  it('tells neither of a bucket of its own, which has them', () => {
    expect(Object.keys(own.outputs)).not.toEqual(expect.arrayContaining(['BucketPolicyJson']));
    expect(Object.keys(own.outputs)).not.toEqual(expect.arrayContaining(['LifecycleJson']));
  });
});

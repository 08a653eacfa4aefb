import { describe, expect, it } from '@jest/globals';
import { SynthesizedStack } from '../../support/synth-stack.ts';

const secret = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:bucket-AbC123';
const context = {
  s3Endpoint: 'https://fsn1.your-objectstorage.com',
  s3Region: 'fsn1',
  bucketName: 'tarballs',
  credentialsSecretArn: secret,
};
const stack = new SynthesizedStack({
  ...context,
  conditionalWrites: 'serialised',
  partChecksum: 'md5',
  s3PathStyle: 'virtual',
});

interface Policies {
  readonly Policies: readonly {
    readonly PolicyDocument: {
      readonly Statement: readonly { readonly Action: unknown; readonly Resource: unknown }[];
    };
  }[];
}
const statements = (role: string) =>
  (stack.resource('AWS::IAM::Role', role).Properties as unknown as Policies).Policies.flatMap(
    ({ PolicyDocument }) => PolicyDocument.Statement,
  );
const environment = (of: SynthesizedStack, name: string) =>
  (of.resource('AWS::Lambda::Function', name).Properties.Environment as { readonly Variables: object }).Variables;

describe('a stack whose bucket is not on AWS', () => {
  it('makes no bucket and allows nothing of S3', () => {
    expect(stack.resources('AWS::S3::Bucket')).toEqual([]);
    expect(stack.resources('AWS::S3::BucketPolicy')).toEqual([]);
    expect(JSON.stringify(stack.template)).not.toContain('s3:');
  });

  it.each(['Serve', 'Publish'])('lets %s read this one secret and nothing else of Secrets Manager', (role) => {
    const found = statements(role).filter(({ Action }) => JSON.stringify(Action).includes('secretsmanager'));
    expect(found).toEqual([{ Effect: 'Allow', Action: 'secretsmanager:GetSecretValue', Resource: secret }]);
    expect(JSON.stringify(statements(role))).not.toContain('"*"');
  });

  it.each(['Serve', 'Publish'])('tells %s where the bucket and its keys are, and no key', (name) => {
    expect(environment(stack, name)).toMatchObject({
      BUCKET: 'tarballs',
      S3_ENDPOINT: context.s3Endpoint,
      S3_REGION: 'fsn1',
      S3_PATH_STYLE: 'virtual',
      CREDENTIALS_SECRET_ARN: secret,
    });
    expect(JSON.stringify(stack.template)).not.toContain('{{resolve:secretsmanager');
  });

  it('runs one publish function at a time where writes are serialised, and only there', () => {
    const reserved = (of: SynthesizedStack) =>
      of.resource('AWS::Lambda::Function', 'Publish').Properties.ReservedConcurrentExecutions;
    expect(environment(stack, 'Publish')).toHaveProperty('CONDITIONAL_WRITES', 'serialised');
    expect(environment(stack, 'Publish')).toHaveProperty('PART_CHECKSUM', 'md5');
    expect(reserved(stack)).toBe(1);
    const required = new SynthesizedStack(context);
    expect(environment(required, 'Publish')).not.toHaveProperty('CONDITIONAL_WRITES');
    expect(environment(required, 'Publish')).not.toHaveProperty('PART_CHECKSUM');
    expect(reserved(required)).toBeUndefined();
    expect(stack.resource('AWS::Lambda::Function', 'Serve').Properties).not.toHaveProperty(
      'ReservedConcurrentExecutions',
    );
  });

  it('says which bucket it is, and which lifecycle to give it', () => {
    expect(stack.outputs.BucketName?.Value).toBe('tarballs');
    expect(JSON.parse(stack.outputs.LifecycleJson?.Value ?? '')).toEqual({
      Rules: [
        expect.objectContaining({ AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 } }),
        expect.objectContaining({ Filter: { Prefix: 'uploads/' }, Expiration: { Days: 8 } }),
      ],
    });
    expect(new SynthesizedStack().outputs).not.toHaveProperty('LifecycleJson');
  });
});

import { describe, expect, it } from '@jest/globals';
import { BadSetting } from '../../../../lib/domain/problem.ts';
import { parseStackSettings } from '../../../../lib/stack/settings/parse-stack-settings.ts';

const secret = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:bucket-AbC123';
const elsewhere = {
  s3Endpoint: 'https://fsn1.your-objectstorage.com',
  bucketName: 'tarballs',
  credentialsSecretArn: secret,
};

describe('the settings of a bucket that is not on AWS', () => {
  it.each([
    ['with everything that is required', elsewhere],
    [
      'with everything that can be set',
      { ...elsewhere, s3Region: 'fsn1', s3PathStyle: 'virtual', conditionalWrites: 'serialised', partChecksum: 'md5' },
    ],
    [
      'with dots in the name of the bucket and path style',
      { ...elsewhere, bucketName: 'tar.balls', s3PathStyle: 'path' },
    ],
  ])('are accepted %s', (_, context) => {
    expect(parseStackSettings(context)).toMatchObject(context);
  });

  it.each([
    ['credentialsSecretArn', 'needs s3Endpoint', { credentialsSecretArn: secret, bucketName: 'tarballs' }],
    ['credentialsSecretArn', 'needs bucketName', { ...elsewhere, bucketName: undefined }],
    [
      's3Endpoint',
      "must be Amazon's, or be set together with credentialsSecretArn",
      { s3Endpoint: elsewhere.s3Endpoint },
    ],
    ['s3Endpoint', "must be Amazon's", { s3Endpoint: 'https://s3.amazonaws.com.example.org' }],
    ['s3Endpoint', "must be Amazon's", { s3Endpoint: 'https://ec2-192-0-2-1.compute-1.amazonaws.com' }],
    ['bucketName', 'is for a bucket that is not on AWS', { bucketName: 'tarballs' }],
    ['s3Region', 'is for a bucket that is not on AWS', { s3Region: 'fsn1' }],
    ['conditionalWrites', 'can only be required for a bucket on AWS', { conditionalWrites: 'serialised' }],
    ['partChecksum', 'is for a bucket that is not on AWS', { partChecksum: 'md5' }],
    ['existingBucketName', 'is for a bucket on AWS', { ...elsewhere, existingBucketName: 'other' }],
    [
      'objectLock',
      'is for the bucket that the stack creates',
      { ...elsewhere, objectLock: { mode: 'governance', days: 30 } },
    ],
    ['removalPolicy', 'is for the bucket that the stack creates', { ...elsewhere, removalPolicy: 'destroy' }],
    ['s3PathStyle', 'has no effect without s3Endpoint', { s3PathStyle: 'path' }],
    ['s3PathStyle', 'must be path', { ...elsewhere, bucketName: 'tar.balls', s3PathStyle: 'virtual' }],
  ])('are refused with the message that %s %s', (name, rule, context) => {
    const parse = () => parseStackSettings(context);
    expect(parse).toThrow(BadSetting);
    expect(parse).toThrow(`The setting ${name} ${rule}`);
  });
});

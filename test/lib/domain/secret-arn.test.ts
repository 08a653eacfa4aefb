import { describe, expect, it } from '@jest/globals';
import { parseSecretArn } from '../../../lib/domain/secret-arn.ts';

describe('the ARN of a secret', () => {
  it.each([
    ['arn:aws:secretsmanager:eu-central-1:111122223333:secret:bucket-AbC123', 'eu-central-1', 'amazonaws.com'],
    ['arn:aws:secretsmanager:us-east-1:111122223333:secret:team/bucket+keys-AbC123', 'us-east-1', 'amazonaws.com'],
    ['arn:aws-cn:secretsmanager:cn-north-1:111122223333:secret:keys-AbC123', 'cn-north-1', 'amazonaws.com.cn'],
    ['arn:aws-us-gov:secretsmanager:us-gov-west-1:111122223333:secret:keys-AbC123', 'us-gov-west-1', 'amazonaws.com'],
  ])('%s tells where it is', (arn, region, domain) => {
    expect(parseSecretArn(arn)).toEqual({ arn, region, domain });
  });

  it.each([
    ['', 'nothing'],
    ['bucket-keys', 'a name'],
    ['arn:aws:secretsmanager:eu-central-1:111122223333:secret:bucket', 'one without the six characters'],
    ['arn:aws:secretsmanager:eu-central-1:111122223333:secret:*', 'a wildcard'],
    ['arn:aws:secretsmanager:eu-central-1:111122223333:secret:a*-AbC123', 'a wildcard within'],
    ['arn:aws:secretsmanager:eu-central-1:1111:secret:bucket-AbC123', 'a short account'],
    ['arn:aws:secretsmanager:evil.example.org/:111122223333:secret:bucket-AbC123', 'a region that is a host'],
    ['arn:aws:kms:eu-central-1:111122223333:key/bucket-AbC123', 'a key'],
    ['arn:aws:secretsmanager:eu-central-1:111122223333:secret:bucket-AbC123\n', 'a line break behind it'],
  ])('is not %j: %s', (text) => {
    expect(parseSecretArn(text)).toBeUndefined();
  });
});

import { readFileSync } from 'node:fs';
import { S3Client } from '@aws-sdk/client-s3';
import { describe, expect, it } from '@jest/globals';
import {
  cloudFrontOf,
  isAmazon,
  parseSecretArn,
  partitionIds,
  regionOfGeneratedDomain,
  serviceEndpoint,
} from '../../../lib/domain/aws.ts';

interface SdkPartition {
  readonly id: string;
  readonly outputs: { readonly dnsSuffix: string; readonly supportsDualStack: boolean };
  readonly regions: Readonly<Record<string, unknown>>;
}

// No export of the package has the whole table, which is a module of one JSON object.
const module = readFileSync(
  new URL(
    '../../../node_modules/@aws-sdk/core/dist-es/submodules/client/util-endpoints/lib/aws/partitions.js',
    import.meta.url,
  ),
  'utf8',
);
const { partitions } = JSON.parse(module.slice(module.indexOf('{'), module.lastIndexOf('}') + 1)) as {
  readonly partitions: readonly SdkPartition[];
};

const regions = partitions.flatMap(({ id, outputs, regions }) =>
  Object.keys(regions)
    .filter((region) => !region.endsWith('-global'))
    .map((region) => ({ region, partition: id, ...outputs })),
);

const s3 = new S3Client({ region: 'eu-central-1' }).config;
const s3Origin = (parameters: object): string => {
  const { url } = s3.endpointProvider?.({ UseFIPS: false, UseDualStack: false, ...parameters } as never) ?? {};
  return (url as URL).origin;
};

describe('the partitions of AWS', () => {
  it('are those of the SDK', () => {
    expect(regions.length).toBeGreaterThan(40);
    expect(partitionIds).toBe(
      `(?:${partitions
        .map(({ id }) => id)
        .filter((id) => id !== 'aws')
        .sort()
        .join('|')}|aws)`,
    );
  });

  it.each(regions)('$region of $partition has the host names that the SDK uses', ({ region, dnsSuffix }) => {
    expect(serviceEndpoint('s3', region)).toBe(s3Origin({ Region: region }));
    expect(serviceEndpoint('cloudformation', region)).toBe(`https://cloudformation.${region}.${dnsSuffix}`);
  });

  it('have one CloudFront for all commercial regions, and one for China', () => {
    expect(cloudFrontOf('eu-central-1')).toEqual({ endpoint: 'https://cloudfront.amazonaws.com', region: 'us-east-1' });
    expect(cloudFrontOf('cn-north-1')).toEqual({
      endpoint: 'https://cloudfront.cn-northwest-1.amazonaws.com.cn',
      region: 'cn-northwest-1',
    });
  });

  it.each(regions)('$region of $partition has the domains that API Gateway gives an API', ({ region, dnsSuffix }) => {
    expect(regionOfGeneratedDomain(`https://abc.execute-api.${region}.${dnsSuffix}/stage`)).toBe(region);
  });

  it.each(regions)(
    'accepts the secrets of $region in $partition, and in no other partition',
    ({ region, partition }) => {
      const rest = `secretsmanager:${region}:111122223333:secret:keys-AbC123`;

      expect(parseSecretArn(`arn:${partition}:${rest}`)).toEqual({ arn: `arn:${partition}:${rest}`, region });
      for (const { id } of partitions.filter(({ id }) => id !== partition))
        expect(parseSecretArn(`arn:${id}:${rest}`)).toBeUndefined();
    },
  );

  it.each(regions)("$region of $partition has Amazon's own S3, by each of its names", ({ region, partition }) => {
    // The SDK knows no FIPS endpoint of S3 in China.
    const kinds = [{}, { UseDualStack: true }, ...(partition === 'aws-cn' ? [] : [{ UseFIPS: true }])];
    for (const kind of [...kinds, ...kinds.map((kind) => ({ ...kind, Bucket: 'tarballs' }))]) {
      const endpoint = s3Origin({ Region: region, ...kind });
      expect([endpoint, isAmazon(endpoint)]).toEqual([endpoint, true]);
    }
  });
});

describe('regionOfGeneratedDomain', () => {
  it.each([
    ['https://abc.execute-api.ap-south-1.amazonaws.com', 'ap-south-1'],
    ['https://abc.execute-api.cn-north-1.amazonaws.com.cn/stage', 'cn-north-1'],
    ['https://abc.execute-api.eusc-de-east-1.amazonaws.eu', 'eusc-de-east-1'],
    ['https://abc.execute-api.eusc-de-east-1.amazonaws.com', undefined],
    ['https://abc.execute-api.eu-west-1.amazonaws.com.evil.test', undefined],
    ['https://channels.test', undefined],
    ['no URL', undefined],
  ])('reads from %s the region %s', (url, region) => {
    expect(regionOfGeneratedDomain(url)).toBe(region);
  });
});

describe('isAmazon', () => {
  it.each([
    [undefined, true],
    ['https://s3.dualstack.eu-central-1.amazonaws.com', true],
    ['https://s3.cn-north-1.amazonaws.com.cn', true],
    ['https://bucket.vpce-1a2b.s3.us-east-1.vpce.amazonaws.com', true],
    ['https://s3.eusc-de-east-1.amazonaws.eu', true],
    ['https://amazonaws.com.example.org', false],
    ['https://s3.amazonaws.com.example.org', false],
    ['https://s3.notamazonaws.com', false],
    ['https://ec2-192-0-2-1.compute-1.amazonaws.com', false],
    ['https://fsn1.your-objectstorage.com', false],
    ['http://localhost:9000', false],
  ])('says of %s whether it is Amazon S3: %s', (endpoint, expected) => {
    expect(isAmazon(endpoint)).toBe(expected);
  });
});

describe('parseSecretArn', () => {
  it.each([
    ['arn:aws:secretsmanager:eu-central-1:111122223333:secret:bucket-AbC123', 'eu-central-1'],
    ['arn:aws:secretsmanager:us-east-1:111122223333:secret:team/bucket+keys-AbC123', 'us-east-1'],
    ['arn:aws-cn:secretsmanager:cn-north-1:111122223333:secret:keys-AbC123', 'cn-north-1'],
    ['arn:aws-us-gov:secretsmanager:us-gov-west-1:111122223333:secret:keys-AbC123', 'us-gov-west-1'],
    ['arn:aws-eusc:secretsmanager:eusc-de-east-1:111122223333:secret:keys-AbC123', 'eusc-de-east-1'],
  ])('reads the region of %s', (arn, region) => {
    expect(parseSecretArn(arn)).toEqual({ arn, region });
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
    ['arn:aws-mars:secretsmanager:eu-central-1:111122223333:secret:keys-AbC123', 'an unknown partition'],
  ])('refuses %j: %s', (text) => {
    expect(parseSecretArn(text)).toBeUndefined();
  });
});

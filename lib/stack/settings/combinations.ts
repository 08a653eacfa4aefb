import { isAmazon } from '../../domain/aws.ts';
import type { Combination, StackSettings } from './stack-settings.ts';

const needsSecret = 'is for a bucket that is not on AWS: it needs credentialsSecretArn';

/** What the settings of a bucket that is not on AWS need of each other. */
const storeCombinations: readonly Combination[] = [
  {
    name: 'credentialsSecretArn',
    rule: "needs s3Endpoint, the store's address: Amazon S3 is opened by the functions' own roles",
    broken: ({ credentialsSecretArn, s3Endpoint }) => credentialsSecretArn !== undefined && s3Endpoint === undefined,
  },
  {
    name: 'credentialsSecretArn',
    rule: 'needs bucketName: no bucket is made in another store',
    broken: ({ credentialsSecretArn, bucketName }) => credentialsSecretArn !== undefined && bucketName === undefined,
  },
  {
    name: 's3Endpoint',
    rule: "must be Amazon's, or come with credentialsSecretArn: the functions would send it their session tokens",
    broken: ({ s3Endpoint, credentialsSecretArn }) => credentialsSecretArn === undefined && !isAmazon(s3Endpoint),
  },
  {
    name: 'bucketName',
    rule: needsSecret,
    broken: ({ bucketName, credentialsSecretArn }) => bucketName !== undefined && credentialsSecretArn === undefined,
  },
  {
    name: 's3Region',
    rule: needsSecret,
    broken: ({ s3Region, credentialsSecretArn }) => s3Region !== 'us-east-1' && credentialsSecretArn === undefined,
  },
  {
    name: 'conditionalWrites',
    rule: `can only be required for a bucket on AWS, whose policy refuses all other writes; serialised ${needsSecret}`,
    broken: ({ conditionalWrites, credentialsSecretArn }) =>
      conditionalWrites === 'serialised' && credentialsSecretArn === undefined,
  },
  {
    name: 'partChecksum',
    rule: needsSecret,
    broken: ({ partChecksum, credentialsSecretArn }) => partChecksum === 'md5' && credentialsSecretArn === undefined,
  },
  {
    name: 'existingBucketName',
    rule: 'is for a bucket on AWS and does not go with credentialsSecretArn: bucketName is for the others',
    broken: ({ existingBucketName, credentialsSecretArn }) =>
      existingBucketName !== undefined && credentialsSecretArn !== undefined,
  },
  ...(['objectLock', 'releaseTransition'] as const).map((name) => ({
    name,
    rule: 'is for the bucket that the stack makes: give the one of bucketName that by hand, where its store can',
    broken: (settings: StackSettings) => settings[name] !== undefined && settings.credentialsSecretArn !== undefined,
  })),
  {
    name: 'removalPolicy',
    rule: 'is for the bucket that the stack makes: the one of bucketName always stays',
    broken: ({ removalPolicy, credentialsSecretArn }) =>
      removalPolicy === 'destroy' && credentialsSecretArn !== undefined,
  },
  {
    name: 's3PathStyle',
    rule: 'is of no use without s3Endpoint',
    broken: ({ s3PathStyle, s3Endpoint }) => s3PathStyle !== undefined && s3Endpoint === undefined,
  },
  {
    name: 's3PathStyle',
    rule: "must be path where the bucket's name has dots: no certificate is good for such a host name",
    broken: ({ s3PathStyle, bucketName }) => s3PathStyle === 'virtual' && bucketName?.includes('.') === true,
  },
];

/** ACM: the first name of a certificate is its common name, which RFC 5280 limits to 64 octets. */
const longestCommonName = 64;

const inZone = (domain: string, zone: string): boolean => domain === zone || domain.endsWith(`.${zone}`);

export const combinations: readonly Combination[] = [
  {
    name: 'domainName',
    rule: 'needs hostedZoneId and hostedZoneName, or certificateArn where the DNS is not in Route 53',
    broken: ({ domainName, hostedZoneId, certificateArn }) =>
      domainName !== undefined && hostedZoneId === undefined && certificateArn === undefined,
  },
  {
    name: 'hostedZoneId',
    rule: 'is of no use without domainName',
    broken: ({ domainName, hostedZoneId }) => hostedZoneId !== undefined && domainName === undefined,
  },
  {
    name: 'hostedZoneId',
    rule: 'needs hostedZoneName: nothing is looked up while synthesizing',
    broken: ({ hostedZoneId, hostedZoneName }) => hostedZoneId !== undefined && hostedZoneName === undefined,
  },
  {
    name: 'hostedZoneName',
    rule: 'is of no use without hostedZoneId',
    broken: ({ hostedZoneId, hostedZoneName }) => hostedZoneName !== undefined && hostedZoneId === undefined,
  },
  {
    name: 'certificateArn',
    rule: 'is of no use without domainName',
    broken: ({ domainName, certificateArn }) => certificateArn !== undefined && domainName === undefined,
  },
  {
    name: 'domainName',
    rule: 'must be hostedZoneName or lie within it',
    broken: ({ domainName, hostedZoneName }) =>
      domainName !== undefined && hostedZoneName !== undefined && !inZone(domainName, hostedZoneName),
  },
  {
    name: 'domainName',
    rule: `must have at most ${longestCommonName} characters for ACM to make a certificate, or else come with certificateArn`,
    broken: ({ domainName = '', certificateArn }) =>
      domainName.length > longestCommonName && certificateArn === undefined,
  },
  {
    name: 'readRateLimit',
    rule: 'needs readBurstLimit',
    broken: ({ readRateLimit, readBurstLimit }) => readRateLimit !== undefined && readBurstLimit === undefined,
  },
  {
    name: 'readBurstLimit',
    rule: 'is of no use without readRateLimit',
    broken: ({ readRateLimit, readBurstLimit }) => readBurstLimit !== undefined && readRateLimit === undefined,
  },
  {
    name: 'alarmTopicArn',
    rule: 'does not go with alarmEmail: let that topic send the e-mails',
    broken: ({ alarmEmail, alarmTopicArn }) => alarmEmail !== undefined && alarmTopicArn !== undefined,
  },
  ...(['objectLock', 'releaseTransition'] as const).map((name) => ({
    name,
    rule: 'is for the bucket that the stack makes: give the one of existingBucketName that by hand',
    broken: (settings: StackSettings) => settings[name] !== undefined && settings.existingBucketName !== undefined,
  })),
  {
    name: 'removalPolicy',
    rule: 'is for the bucket that the stack makes: the one of existingBucketName always stays',
    broken: ({ removalPolicy, existingBucketName }) => removalPolicy === 'destroy' && existingBucketName !== undefined,
  },
  {
    name: 'githubOidcProvider',
    rule: 'is of no use without a publisher that has github',
    broken: ({ githubOidcProvider, publishers }) =>
      githubOidcProvider !== undefined && !publishers.some(({ github }) => github !== undefined),
  },
  ...storeCombinations,
];

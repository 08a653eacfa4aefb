import { isAmazon } from '../../domain/aws.ts';
import { inZone, maxCommonNameLength } from './deployment-settings.ts';
import { unusedIssuers } from './publisher-settings.ts';
import type { Combination, StackSettings } from './stack-settings.ts';

/** Settings that only the bucket of the stack takes, refused beside a bucket that the stack does not create. */
const forOwnBucket = (
  other: 'bucketName' | 'existingBucketName',
  isGiven: (settings: StackSettings) => boolean,
): readonly Combination[] =>
  (
    [
      ['bucketObjectLock', ({ bucketObjectLock }) => bucketObjectLock === 'enabled'],
      ['objectLock', ({ objectLock }) => objectLock !== undefined],
      ['releaseTransition', ({ releaseTransition }) => releaseTransition !== undefined],
      ['removalPolicy', ({ removalPolicy }) => removalPolicy === 'destroy'],
    ] satisfies [Combination['name'], Combination['isBroken']][]
  ).map(([name, isSet]) => ({
    name,
    rule:
      name === 'removalPolicy'
        ? `is for the bucket that the stack creates: ${other} is never deleted`
        : `is for the bucket that the stack creates: configure ${other} yourself`,
    isBroken: (settings) => isSet(settings) && isGiven(settings),
  }));

const takedownCombinations: readonly Combination[] = [
  {
    name: 'takedownRoleName',
    rule: 'must not be breakGlassRoleName: the role for takedowns may delete releases only',
    isBroken: ({ takedownRoleName, breakGlassRoleName }) => takedownRoleName === breakGlassRoleName,
  },
  {
    name: 'takedownRoleName',
    rule: 'is for a bucket on AWS: with bucketName, delete with keys of its own store',
    isBroken: ({ takedownRoleName, bucketName }) => takedownRoleName !== undefined && bucketName !== undefined,
  },
  {
    name: 'takedownPrincipals',
    rule: 'has no effect without takedownRoleName',
    isBroken: ({ takedownRoleName, takedownPrincipals }) =>
      takedownRoleName === undefined && takedownPrincipals.length > 0,
  },
];

const needsSecret = 'is for a bucket that is not on AWS: it needs credentialsSecretArn';

/** Of the settings of a bucket that is not on AWS. */
const storeCombinations: readonly Combination[] = [
  {
    name: 'credentialsSecretArn',
    rule: "needs s3Endpoint, the store's address: for Amazon S3 the functions use their own roles",
    isBroken: ({ credentialsSecretArn, s3Endpoint }) => credentialsSecretArn !== undefined && s3Endpoint === undefined,
  },
  {
    name: 'credentialsSecretArn',
    rule: 'needs bucketName: the stack creates no bucket in another store',
    isBroken: ({ credentialsSecretArn, bucketName }) => credentialsSecretArn !== undefined && bucketName === undefined,
  },
  {
    name: 's3Endpoint',
    rule: "must be Amazon's, or be set together with credentialsSecretArn: the functions would send it their session tokens",
    isBroken: ({ s3Endpoint, credentialsSecretArn }) => credentialsSecretArn === undefined && !isAmazon(s3Endpoint),
  },
  {
    name: 'bucketName',
    rule: needsSecret,
    isBroken: ({ bucketName, credentialsSecretArn }) => bucketName !== undefined && credentialsSecretArn === undefined,
  },
  {
    name: 's3Region',
    rule: needsSecret,
    isBroken: ({ s3Region, credentialsSecretArn }) => s3Region !== 'us-east-1' && credentialsSecretArn === undefined,
  },
  {
    name: 'conditionalWrites',
    rule: `can only be required for a bucket on AWS, whose policy refuses unconditional writes; serialised ${needsSecret}`,
    isBroken: ({ conditionalWrites, credentialsSecretArn }) =>
      conditionalWrites === 'serialised' && credentialsSecretArn === undefined,
  },
  {
    name: 'partChecksum',
    rule: needsSecret,
    isBroken: ({ partChecksum, credentialsSecretArn }) => partChecksum === 'md5' && credentialsSecretArn === undefined,
  },
  {
    name: 'existingBucketName',
    rule: 'is for a bucket on AWS and cannot be used with credentialsSecretArn: use bucketName for another store',
    isBroken: ({ existingBucketName, credentialsSecretArn }) =>
      existingBucketName !== undefined && credentialsSecretArn !== undefined,
  },
  ...forOwnBucket('bucketName', ({ bucketName }) => bucketName !== undefined),
  {
    name: 's3PathStyle',
    rule: 'has no effect without s3Endpoint',
    isBroken: ({ s3PathStyle, s3Endpoint }) => s3PathStyle !== undefined && s3Endpoint === undefined,
  },
  {
    name: 's3PathStyle',
    rule: 'must be path for a bucket whose name has dots: no certificate is valid for such a host name',
    isBroken: ({ s3PathStyle, bucketName }) => s3PathStyle === 'virtual' && bucketName?.includes('.') === true,
  },
];

/** Of the delivery by CloudFront. */
const needsCloudFront = 'has no effect without delivery=cloudfront';

const deliveryCombinations: readonly Combination[] = [
  {
    name: 'delivery',
    rule: 'must be bucket with credentialsSecretArn: CloudFront gets the releases from a private bucket on AWS alone',
    isBroken: ({ delivery, credentialsSecretArn }) => delivery === 'cloudfront' && credentialsSecretArn !== undefined,
  },
  ...(
    [
      ['deliveryKeys', ({ deliveryKeys: keys }) => keys.join() !== 'first'],
      ['deliveryDomainName', ({ deliveryDomainName: name }) => name !== undefined],
      ['deliveryCertificateArn', ({ deliveryCertificateArn: certificate }) => certificate !== undefined],
      ['deliveryPriceClass', ({ deliveryPriceClass: priceClass }) => priceClass !== 'PriceClass_All'],
      ['deliveryWebAclArn', ({ deliveryWebAclArn: webAcl }) => webAcl !== undefined],
    ] satisfies [Combination['name'], Combination['isBroken']][]
  ).map(([name, isSet]) => ({
    name,
    rule: needsCloudFront,
    isBroken: (settings: StackSettings) => settings.delivery === 'bucket' && isSet(settings),
  })),
  {
    name: 'deliveryDomainName',
    rule: 'needs hostedZoneId and hostedZoneName, or deliveryCertificateArn if the DNS is not in Route 53',
    isBroken: ({ deliveryDomainName, hostedZoneId, deliveryCertificateArn }) =>
      deliveryDomainName !== undefined && hostedZoneId === undefined && deliveryCertificateArn === undefined,
  },
  {
    name: 'deliveryDomainName',
    rule: 'must be hostedZoneName or a name within it, or be set together with deliveryCertificateArn',
    isBroken: ({ deliveryDomainName, deliveryCertificateArn, hostedZoneName }) =>
      deliveryDomainName !== undefined &&
      deliveryCertificateArn === undefined &&
      hostedZoneName !== undefined &&
      !inZone(deliveryDomainName, hostedZoneName),
  },
  {
    name: 'deliveryDomainName',
    rule: `must have at most ${maxCommonNameLength} characters for ACM to create a certificate, or be set together with deliveryCertificateArn`,
    isBroken: ({ deliveryDomainName = '', deliveryCertificateArn }) =>
      deliveryDomainName.length > maxCommonNameLength && deliveryCertificateArn === undefined,
  },
  {
    name: 'deliveryDomainName',
    rule: 'must be another name than domainName: one leads to the API, the other to the distribution',
    isBroken: ({ deliveryDomainName, domainName }) =>
      deliveryDomainName !== undefined && deliveryDomainName === domainName,
  },
  {
    name: 'deliveryCertificateArn',
    rule: 'has no effect without deliveryDomainName',
    isBroken: ({ deliveryDomainName, deliveryCertificateArn }) =>
      deliveryCertificateArn !== undefined && deliveryDomainName === undefined,
  },
];

export const combinations: readonly Combination[] = [
  {
    name: 'domainName',
    rule: 'needs hostedZoneId and hostedZoneName, or certificateArn if the DNS is not in Route 53',
    isBroken: ({ domainName, hostedZoneId, certificateArn }) =>
      domainName !== undefined && hostedZoneId === undefined && certificateArn === undefined,
  },
  {
    name: 'hostedZoneId',
    rule: 'has no effect without domainName or deliveryDomainName',
    isBroken: ({ domainName, deliveryDomainName, hostedZoneId }) =>
      hostedZoneId !== undefined && domainName === undefined && deliveryDomainName === undefined,
  },
  {
    name: 'hostedZoneId',
    rule: 'needs hostedZoneName: cdk synth does not look it up',
    isBroken: ({ hostedZoneId, hostedZoneName }) => hostedZoneId !== undefined && hostedZoneName === undefined,
  },
  {
    name: 'hostedZoneName',
    rule: 'has no effect without hostedZoneId',
    isBroken: ({ hostedZoneId, hostedZoneName }) => hostedZoneName !== undefined && hostedZoneId === undefined,
  },
  {
    name: 'certificateArn',
    rule: 'has no effect without domainName',
    isBroken: ({ domainName, certificateArn }) => certificateArn !== undefined && domainName === undefined,
  },
  {
    name: 'domainName',
    rule: 'must be hostedZoneName or a name within it',
    isBroken: ({ domainName, hostedZoneName }) =>
      domainName !== undefined && hostedZoneName !== undefined && !inZone(domainName, hostedZoneName),
  },
  {
    name: 'domainName',
    rule: `must have at most ${maxCommonNameLength} characters for ACM to create a certificate, or be set together with certificateArn`,
    isBroken: ({ domainName = '', certificateArn }) =>
      domainName.length > maxCommonNameLength && certificateArn === undefined,
  },
  {
    name: 'readRateLimit',
    rule: 'needs readBurstLimit',
    isBroken: ({ readRateLimit, readBurstLimit }) => readRateLimit !== undefined && readBurstLimit === undefined,
  },
  {
    name: 'readBurstLimit',
    rule: 'has no effect without readRateLimit',
    isBroken: ({ readRateLimit, readBurstLimit }) => readBurstLimit !== undefined && readRateLimit === undefined,
  },
  {
    name: 'alarmTopicArn',
    rule: 'cannot be used with alarmEmail: subscribe the address to that topic instead',
    isBroken: ({ alarmEmail, alarmTopicArn }) => alarmEmail !== undefined && alarmTopicArn !== undefined,
  },
  ...forOwnBucket('existingBucketName', ({ existingBucketName }) => existingBucketName !== undefined),
  {
    name: 'githubOidcProvider',
    rule: 'has no effect without a publisher that has github',
    isBroken: ({ githubOidcProvider, publishers }) =>
      githubOidcProvider !== undefined && !publishers.some(({ github }) => github !== undefined),
  },
  {
    name: 'oidcProviders',
    rule: 'must name only issuers that a publisher uses',
    isBroken: ({ oidcProviders, publishers }) => unusedIssuers(oidcProviders, publishers).length > 0,
  },
  ...storeCombinations,
  ...deliveryCombinations,
  ...takedownCombinations,
  {
    name: 'objectLock',
    rule: 'needs bucketObjectLock=enabled. Set that before the first deployment, or if objectLock was set then. On any other existing stack CloudFormation would replace the bucket with an empty one, and every lock would answer 404: use aws s3api put-object-lock-configuration there (docs/settings.md, "Object Lock")',
    isBroken: ({ objectLock, bucketObjectLock }) => objectLock !== undefined && bucketObjectLock === 'disabled',
  },
];

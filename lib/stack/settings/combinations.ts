import type { Combination, StackSettings } from './stack-settings.ts';
import { storeCombinations } from './store-combinations.ts';

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

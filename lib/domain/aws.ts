/** A part of AWS that has its own accounts, ARNs and host names. */
interface Partition {
  /** As in ARNs. */
  readonly id: string;
  /** The prefix of its region names. */
  readonly regions: string;
  /** The suffix of the host names of its services. */
  readonly dnsSuffix: string;
}

const commercial: Partition = { id: 'aws', regions: '', dnsSuffix: 'amazonaws.com' };

/** Not the SDK's own table, whose 4 KB would be read at each cold start. A test compares the two. */
const partitions: readonly Partition[] = [
  { id: 'aws-cn', regions: 'cn-', dnsSuffix: 'amazonaws.com.cn' },
  { id: 'aws-eusc', regions: 'eusc-', dnsSuffix: 'amazonaws.eu' },
  { id: 'aws-iso', regions: 'us-iso-', dnsSuffix: 'c2s.ic.gov' },
  { id: 'aws-iso-b', regions: 'us-isob-', dnsSuffix: 'sc2s.sgov.gov' },
  { id: 'aws-iso-e', regions: 'eu-isoe-', dnsSuffix: 'cloud.adc-e.uk' },
  { id: 'aws-iso-f', regions: 'us-isof-', dnsSuffix: 'csp.hci.ic.gov' },
  { id: 'aws-us-gov', regions: 'us-gov-', dnsSuffix: 'amazonaws.com' },
  commercial,
];

/** Every partition's id as a group of a regular expression: `^arn:${partitionIds}:…`. */
export const partitionIds = `(?:${partitions.map(({ id }) => id).join('|')})`;

const partitionOf = (region: string): Partition =>
  partitions.find(({ regions }) => region.startsWith(regions)) ?? commercial;

/** The endpoint of a service in a region, such as `https://s3.eu-central-1.amazonaws.com`. */
export const serviceEndpoint = (service: string, region: string): string =>
  `https://${service}.${region}.${partitionOf(region).dnsSuffix}`;

/**
 * CloudFront is one service for a whole partition, with one endpoint and one region to sign for (AWS General Reference, "Amazon
 * CloudFront endpoints and quotas").
 * @param region any region of the partition
 */
export const cloudFrontOf = (region: string): { readonly endpoint: string; readonly region: string } =>
  partitionOf(region).id === 'aws-cn'
    ? { endpoint: serviceEndpoint('cloudfront', 'cn-northwest-1'), region: 'cn-northwest-1' }
    : { endpoint: 'https://cloudfront.amazonaws.com', region: 'us-east-1' };

/** The ID of a CloudFront distribution, such as `EDFDVBD6EXAMPLE`. */
export const isDistributionId = (text: string): boolean => /^[A-Z0-9]{1,64}$/.test(text);

/** The region of `{api}.execute-api.{region}.amazonaws.com`, the domain that API Gateway gives an API, or undefined. */
export function regionOfGeneratedDomain(url: string): string | undefined {
  const host = URL.canParse(url) ? new URL(url).hostname : '';
  const [, region, suffix] = /\.execute-api\.([a-z0-9-]+)\.(.+)$/.exec(host) ?? [];
  return region !== undefined && suffix === partitionOf(region).dnsSuffix ? region : undefined;
}

/**
 * Whether the endpoint is Amazon S3, by any of its host names. Other hosts of those domains can belong to anybody.
 * @param endpoint undefined: the region's own
 */
export function isAmazon(endpoint: string | undefined): boolean {
  if (endpoint === undefined) return true;
  const { hostname } = new URL(endpoint);
  return partitions.some(
    ({ dnsSuffix }) =>
      hostname.endsWith(`.${dnsSuffix}`) &&
      /(?:^|\.)s3[.-](?:[a-z0-9-]+\.)*$/.test(hostname.slice(0, -dnsSuffix.length)),
  );
}

export interface SecretArn {
  readonly arn: string;
  readonly region: string;
}

const secretArn = /^arn:([a-z-]+):secretsmanager:([a-z]{2,}(?:-[a-z]+)+-\d+):\d{12}:secret:[\w/+=.@-]+-[A-Za-z0-9]{6}$/;

/**
 * The complete ARN of a secret of Secrets Manager. The six characters that it adds to the name are required: a policy that
 * leaves them out needs wildcards to match (AWS Secrets Manager user guide, "Permissions policy examples").
 */
export function parseSecretArn(text: string): SecretArn | undefined {
  const [arn, partition, region] = secretArn.exec(text) ?? [];
  return arn !== undefined && region !== undefined && partition === partitionOf(region).id
    ? { arn, region }
    : undefined;
}

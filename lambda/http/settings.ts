import { parseSecretArn, type SecretArn } from '../../lib/domain/aws.ts';
import { BadSetting } from '../../lib/domain/bad-setting.ts';
import { parseBaseUrl } from '../../lib/domain/urls.ts';
import { type BucketAddress, type PathStyle, pathStyles } from '../../lib/store/read/bucket-location.ts';
import type { Credentials } from '../../lib/store/read/store-keys.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Where the bucket's keys are, where the function's own role does not open it. */
export interface SecretSettings {
  readonly secret: SecretArn;
  /** Undefined: the region's own Secrets Manager. */
  readonly endpoint: string | undefined;
}

/** What both functions are told by their environment. */
export interface StoreSettings extends BucketAddress {
  readonly baseUrl: string;
  /** Of the function's role: the bucket's own, unless there is a secret. */
  readonly credentials: Credentials;
  readonly secret: SecretSettings | undefined;
}

export function required(environment: Environment, name: string): string {
  const value = environment[name];
  if (value === undefined || value === '') throw new BadSetting(name, 'is not set');
  return value;
}

export function parseMaxAge(text: string): number {
  if (!/^\d{1,6}$/.test(text))
    throw new BadSetting('CHANNEL_MAX_AGE_SECONDS', 'must be a whole number of seconds, 0 to 999999');
  return Number(text) * 1_000;
}

function endpointOf(environment: Environment, name: string): string | undefined {
  const endpoint = environment[name] || undefined;
  if (endpoint !== undefined && parseBaseUrl(endpoint) === undefined)
    throw new BadSetting(name, 'must be an http or https URL without query');
  return endpoint;
}

export function parsePathStyle(text: string | undefined): PathStyle | undefined {
  if (text === undefined || text === '') return undefined;
  const style = pathStyles.find((one) => one === text);
  if (style === undefined) throw new BadSetting('S3_PATH_STYLE', `must be ${pathStyles.join(' or ')}`);
  return style;
}

/** The variable of the endpoint is the one that the AWS SDKs read. */
export function secretSettings(environment: Environment): SecretSettings | undefined {
  const arn = environment.CREDENTIALS_SECRET_ARN;
  if (arn === undefined || arn === '') return undefined;
  const secret = parseSecretArn(arn);
  if (secret === undefined) throw new BadSetting('CREDENTIALS_SECRET_ARN', 'must be the complete ARN of a secret');
  return { secret, endpoint: endpointOf(environment, 'AWS_ENDPOINT_URL_SECRETS_MANAGER') };
}

export function storeSettings(environment: Environment): StoreSettings {
  const baseUrl = parseBaseUrl(required(environment, 'BASE_URL'));
  if (baseUrl === undefined) throw new BadSetting('BASE_URL', 'must be an http or https URL without query');
  const sessionToken = environment.AWS_SESSION_TOKEN;
  return {
    bucket: required(environment, 'BUCKET'),
    region: environment.S3_REGION || required(environment, 'AWS_REGION'),
    endpoint: endpointOf(environment, 'S3_ENDPOINT'),
    pathStyle: parsePathStyle(environment.S3_PATH_STYLE),
    baseUrl,
    credentials: {
      accessKeyId: required(environment, 'AWS_ACCESS_KEY_ID'),
      secretAccessKey: required(environment, 'AWS_SECRET_ACCESS_KEY'),
      ...(sessionToken === undefined ? {} : { sessionToken }),
    },
    secret: secretSettings(environment),
  };
}

import { BadSetting } from '../../lib/domain/bad-setting.ts';
import { parseBaseUrl } from '../../lib/domain/urls.ts';
import type { Credentials } from '../../lib/store/read/presigner.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** What both functions are told by their environment. */
export interface StoreSettings {
  readonly bucket: string;
  readonly region: string;
  readonly endpoint: string | undefined;
  readonly baseUrl: string;
  readonly credentials: Credentials;
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

export function storeSettings(environment: Environment): StoreSettings {
  const baseUrl = parseBaseUrl(required(environment, 'BASE_URL'));
  if (baseUrl === undefined) throw new BadSetting('BASE_URL', 'must be an http or https URL without query');
  const endpoint = environment.S3_ENDPOINT || undefined;
  if (endpoint !== undefined && parseBaseUrl(endpoint) === undefined)
    throw new BadSetting('S3_ENDPOINT', 'must be an http or https URL without query');
  const sessionToken = environment.AWS_SESSION_TOKEN;
  return {
    bucket: required(environment, 'BUCKET'),
    region: required(environment, 'AWS_REGION'),
    endpoint,
    baseUrl,
    credentials: {
      accessKeyId: required(environment, 'AWS_ACCESS_KEY_ID'),
      secretAccessKey: required(environment, 'AWS_SECRET_ACCESS_KEY'),
      ...(sessionToken === undefined ? {} : { sessionToken }),
    },
  };
}

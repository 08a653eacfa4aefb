import { isDistributionId } from '../../lib/domain/aws.ts';
import { isReadableChannel } from '../../lib/domain/names.ts';
import { BadSetting } from '../../lib/domain/problem.ts';
import { maxRetiredDays } from '../../lib/domain/store.ts';
import { parseBaseUrl } from '../../lib/domain/urls.ts';
import { type BucketAddress, pathStyles } from '../../lib/store/read/bucket-location.ts';
import { type Credentials, maxPresignedLifetimeSeconds } from '../../lib/store/read/presign.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** What the environment of both functions contains. */
export interface StoreSettings extends BucketAddress {
  readonly baseUrl: string;
  /** Of the function's role: those of the bucket, unless there is a secret. */
  readonly credentials: Credentials;
}

export function required(environment: Environment, name: string): string {
  const value = environment[name];
  if (value === undefined || value === '') throw new BadSetting(name, 'is not set');
  return value;
}

export function parseMaxAge(text: string): number {
  if (!/^\d{1,6}$/.test(text))
    throw new BadSetting('CHANNEL_MAX_AGE_SECONDS', 'must be a whole number of seconds from 0 to 999999');
  return Number(text) * 1_000;
}

export function endpointOf(environment: Environment, name: string): string | undefined {
  const endpoint = environment[name] || undefined;
  if (endpoint !== undefined && parseBaseUrl(endpoint) === undefined)
    throw new BadSetting(name, 'must be an http or https URL without a query');
  return endpoint;
}

export function storeSettings(environment: Environment): StoreSettings {
  const baseUrl = parseBaseUrl(required(environment, 'BASE_URL'));
  if (baseUrl === undefined) throw new BadSetting('BASE_URL', 'must be an http or https URL without a query');
  const sessionToken = environment.AWS_SESSION_TOKEN;
  return {
    bucket: required(environment, 'BUCKET'),
    region: environment.S3_REGION || required(environment, 'AWS_REGION'),
    endpoint: endpointOf(environment, 'S3_ENDPOINT'),
    pathStyle: environment.S3_PATH_STYLE
      ? parseWord('S3_PATH_STYLE', environment.S3_PATH_STYLE, pathStyles)
      : undefined,
    baseUrl,
    credentials: {
      accessKeyId: required(environment, 'AWS_ACCESS_KEY_ID'),
      secretAccessKey: required(environment, 'AWS_SECRET_ACCESS_KEY'),
      ...(sessionToken === undefined ? {} : { sessionToken }),
    },
  };
}

/** One of some words; the first one is the default. @throws BadSetting */
export function parseWord<const Word extends string>(
  name: string,
  text: string | undefined,
  words: readonly [Word, ...Word[]],
): Word {
  const word = words.find((one) => one === (text || words[0]));
  if (word === undefined) throw new BadSetting(name, `must be ${words.join(' or ')}`);
  return word;
}

/** Clocks differ, and a client on a slow connection takes a while to follow a redirect. */
export const minPresignLifetimeSeconds = 60;

/** Seconds. @throws BadSetting */
export function parsePresignLifetime(text: string | undefined): number {
  if (text === undefined || text === '') return maxPresignedLifetimeSeconds;
  const seconds = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (seconds >= minPresignLifetimeSeconds && seconds <= maxPresignedLifetimeSeconds) return seconds;
  throw new BadSetting(
    'PRESIGN_LIFETIME_SECONDS',
    `must be a whole number of seconds from ${minPresignLifetimeSeconds} to ${maxPresignedLifetimeSeconds}`,
  );
}

/** Undefined: the default. @throws BadSetting */
export function parseRetiredDays(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  const days = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (days >= 1 && days <= maxRetiredDays) return days;
  throw new BadSetting('RETIRED_DAYS', `must be a whole number of days from 1 to ${maxRetiredDays}`);
}

/** Undefined: S3 delivers releases. @throws BadSetting */
export function parseDistributionId(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  if (isDistributionId(text)) return text;
  throw new BadSetting(
    'DELIVERY_DISTRIBUTION_ID',
    'must be the ID of a CloudFront distribution, such as EDFDVBD6EXAMPLE',
  );
}

interface ObservationSettings {
  /** The stack's name, a dimension of its metrics. */
  readonly service: string;
  /** Channels with metrics of their own. */
  readonly trackedChannels: readonly string[];
}

/** All other channels are counted under this name. */
export const untracked = 'other';

/** CloudWatch charges for the metric of each. */
export const maxTrackedChannels = 20;

export function parseTrackedChannels(text: string): readonly string[] {
  const names = [...new Set(text.split(',').map((name) => name.trim()))].filter((name) => name !== '');
  const wrong = names.find((name) => !isReadableChannel(name) || name === untracked);
  if (wrong !== undefined)
    throw new BadSetting(
      'METRIC_CHANNELS',
      `has ${JSON.stringify(wrong)}, which is not a channel name, or is the reserved name \`other\``,
    );
  if (names.length > maxTrackedChannels)
    throw new BadSetting('METRIC_CHANNELS', `must be at most ${maxTrackedChannels} channels`);
  return names;
}

export const observationSettings = (environment: Environment): ObservationSettings => ({
  service: required(environment, 'STACK_NAME'),
  trackedChannels: parseTrackedChannels(environment.METRIC_CHANNELS ?? ''),
});

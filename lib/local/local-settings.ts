import { type JwtSettings, jwtSettingNames } from '../../lambda/auth/jwt-settings.ts';
import { parseJwtSettings } from '../../lambda/auth/parse-jwt-settings.ts';
import { parseTrackedChannels } from '../../lambda/http/observation-settings.ts';
import { parseWord } from '../../lambda/http/parse-word.ts';
import { parsePresignLifetime } from '../../lambda/http/presign-lifetime.ts';
import { parsePathStyle, type SecretSettings, secretSettings } from '../../lambda/http/settings.ts';
import { BadSetting } from '../domain/bad-setting.ts';
import { type ConditionalWrites, conditionalWrites } from '../domain/conditional-writes.ts';
import { type PartChecksum, partChecksums } from '../domain/part-checksum.ts';
import { parseBaseUrl } from '../domain/urls.ts';
import type { PathStyle } from '../store/read/bucket-location.ts';
import type { Credentials } from '../store/read/store-keys.ts';

/** A real S3 server to be used instead of the stand-in. */
export interface RealStore {
  readonly endpoint: string;
  readonly region: string;
  readonly pathStyle?: PathStyle | undefined;
  readonly credentials: Credentials;
  /** Where the server's keys are kept; the credentials are then for reading it. */
  readonly secret?: SecretSettings | undefined;
}

export interface LocalSettings {
  readonly port: number;
  readonly s3Port: number;
  readonly dataDir: string;
  /** Undefined: the gateway's own origin. */
  readonly baseUrl: string | undefined;
  readonly bucket: string;
  /** Milliseconds. */
  readonly channelMaxAge: number;
  /** Channels that are counted by name. */
  readonly trackedChannels: readonly string[];
  /** Seconds. */
  readonly presignLifetime: number;
  readonly demo: boolean;
  /** Undefined: everybody may read everything. */
  readonly jwt: JwtSettings | undefined;
  readonly store: RealStore | undefined;
  readonly conditionalWrites: ConditionalWrites;
  readonly partChecksum: PartChecksum;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The publisher of the local system, whatever keys the bucket has. */
export const localPublisher = { accessKeyId: 'local', secretAccessKey: 'local', region: 'us-east-1' } as const;

function whole(environment: Environment, name: string, standard: number, most: number): number {
  const text = environment[name];
  if (text === undefined || text === '') return standard;
  if (!/^\d+$/.test(text) || Number(text) > most)
    throw new BadSetting(name, `must be a whole number from 0 to ${most}, but is "${text}"`);
  return Number(text);
}

function baseUrlOf(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  const url = parseBaseUrl(text);
  if (url === undefined)
    throw new BadSetting('BASE_URL', `must be an http or https URL without a query, but is "${text}"`);
  return url;
}

function storeOf(environment: Environment): RealStore | undefined {
  const {
    S3_ENDPOINT: endpoint,
    AWS_REGION,
    AWS_ACCESS_KEY_ID,
    AWS_SECRET_ACCESS_KEY,
    AWS_SESSION_TOKEN,
  } = environment;
  if (endpoint === undefined || endpoint === '') return undefined;
  if (parseBaseUrl(endpoint) === undefined)
    throw new BadSetting('S3_ENDPOINT', `must be an http or https URL, but is "${endpoint}"`);
  if (!AWS_ACCESS_KEY_ID || !AWS_SECRET_ACCESS_KEY)
    throw new BadSetting(
      'S3_ENDPOINT',
      'is set, so AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY must be the keys of that store',
    );
  return {
    endpoint,
    region: environment.S3_REGION || AWS_REGION || 'us-east-1',
    pathStyle: parsePathStyle(environment.S3_PATH_STYLE),
    secret: secretSettings(environment),
    credentials: {
      accessKeyId: AWS_ACCESS_KEY_ID,
      secretAccessKey: AWS_SECRET_ACCESS_KEY,
      ...(AWS_SESSION_TOKEN ? { sessionToken: AWS_SESSION_TOKEN } : {}),
    },
  };
}

/** `publicKeyFiles` is `JWT_PUBLIC_KEY_FILES`. */
const variableOf = (name: string): string => `JWT_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;

/** A misspelt name must not leave open what was to be private. */
function jwtOf(environment: Environment, readFile: (path: string) => string): JwtSettings | undefined {
  const known = jwtSettingNames.map(variableOf);
  const unknown = Object.keys(environment).find((name) => name.startsWith('JWT_') && !known.includes(name));
  if (unknown !== undefined) throw new BadSetting(unknown, `is no setting. There are: ${known.join(', ')}`);
  return parseJwtSettings({ value: (name) => environment[variableOf(name)], nameOf: variableOf, readFile });
}

/**
 * Throws BadSetting for the first setting that is wrong.
 *
 * @param readFile of the files that settings name
 */
export function localSettings(environment: Environment, readFile: (path: string) => string): LocalSettings {
  return {
    port: whole(environment, 'PORT', 8080, 65_535),
    s3Port: whole(environment, 'S3_PORT', 9000, 65_535),
    dataDir: environment.DATA_DIR || '.local',
    baseUrl: baseUrlOf(environment.BASE_URL),
    bucket: environment.S3_BUCKET || 'nix-channels',
    channelMaxAge: whole(environment, 'CHANNEL_MAX_AGE_SECONDS', 30, 999_999) * 1_000,
    trackedChannels: parseTrackedChannels(environment.METRIC_CHANNELS ?? ''),
    presignLifetime: parsePresignLifetime(environment.PRESIGN_LIFETIME_SECONDS),
    demo: environment.DEMO !== '0',
    jwt: jwtOf(environment, readFile),
    store: storeOf(environment),
    conditionalWrites: parseWord('CONDITIONAL_WRITES', environment.CONDITIONAL_WRITES, conditionalWrites),
    partChecksum: parseWord('PART_CHECKSUM', environment.PART_CHECKSUM, partChecksums),
  };
}

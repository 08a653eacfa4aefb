import { type JwtSettings, jwtSettingNames } from '../../lambda/auth/jwt-settings.ts';
import { parseJwtSettings } from '../../lambda/auth/parse-jwt-settings.ts';
import {
  parsePathStyle,
  parsePresignLifetime,
  parseTrackedChannels,
  parseWord,
  type SecretSettings,
  secretSettings,
} from '../../lambda/http/settings.ts';
import { type ConditionalWrites, conditionalWrites } from '../domain/bucket-policy.ts';
import { BadSetting } from '../domain/problem.ts';
import { type PartChecksum, partChecksums } from '../domain/release.ts';
import { parseBaseUrl } from '../domain/urls.ts';
import type { PathStyle } from '../store/read/bucket-location.ts';
import type { Credentials } from '../store/read/keys.ts';
import type { Publisher } from './gateway/authorize.ts';

/** A real S3 server to be used instead of the stand-in. */
export interface RealStore {
  readonly endpoint: string;
  readonly region: string;
  readonly pathStyle?: PathStyle | undefined;
  /** Undefined: what the default credential chain of the AWS SDK finds. */
  readonly credentials: Credentials | undefined;
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
  /** Whether a bucket without a catalog gets the demo channel. */
  readonly demo: boolean;
  /** Whose keys publish. Undefined: keys are made at the first start, and kept in the data directory. */
  readonly publisher: Publisher | undefined;
  /** Undefined: everybody may read everything. */
  readonly jwt: JwtSettings | undefined;
  readonly store: RealStore | undefined;
  readonly conditionalWrites: ConditionalWrites;
  readonly partChecksum: PartChecksum;
  /** What is printed of requests; undefined: text on a terminal, JSON elsewhere. */
  readonly log: 'text' | 'json' | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The publisher of a bucket that is kept here. Everybody knows these keys, so they count only straight from this machine. */
export const localPublisher = { accessKeyId: 'local', secretAccessKey: 'local', region: 'us-east-1' } as const;

const secretForm = /^[\x21-\x7e]{16,}$/;

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
    AWS_PROFILE,
    AWS_ACCESS_KEY_ID,
    AWS_SECRET_ACCESS_KEY,
    AWS_SESSION_TOKEN,
  } = environment;
  if (endpoint === undefined || endpoint === '') return undefined;
  if (parseBaseUrl(endpoint) === undefined)
    throw new BadSetting('S3_ENDPOINT', `must be an http or https URL, but is "${endpoint}"`);
  if (!AWS_ACCESS_KEY_ID !== !AWS_SECRET_ACCESS_KEY)
    throw new BadSetting('S3_ENDPOINT', 'is set, so AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY must be set together');
  return {
    endpoint,
    region: environment.S3_REGION || AWS_REGION || 'us-east-1',
    pathStyle: parsePathStyle(environment.S3_PATH_STYLE),
    secret: secretSettings(environment),
    // A profile comes before keys in the environment, as in the SDK.
    credentials:
      AWS_PROFILE || !AWS_ACCESS_KEY_ID || !AWS_SECRET_ACCESS_KEY
        ? undefined
        : {
            accessKeyId: AWS_ACCESS_KEY_ID,
            secretAccessKey: AWS_SECRET_ACCESS_KEY,
            ...(AWS_SESSION_TOKEN ? { sessionToken: AWS_SESSION_TOKEN } : {}),
          },
  };
}

/** Never the known keys for a real server: whoever reaches the API, through a proxy for example, could publish to it. */
function publisherOf(environment: Environment, store: RealStore | undefined): Publisher | undefined {
  const { PUBLISHER_ACCESS_KEY_ID: accessKeyId, PUBLISHER_SECRET_ACCESS_KEY: secretAccessKey } = environment;
  const { region } = localPublisher;
  if (!accessKeyId && !secretAccessKey) return store === undefined ? localPublisher : undefined;
  if (!accessKeyId || !/^[\w.-]{1,128}$/.test(accessKeyId))
    throw new BadSetting(
      'PUBLISHER_ACCESS_KEY_ID',
      'must be 1 to 128 letters, digits and . _ - wherever PUBLISHER_SECRET_ACCESS_KEY is set',
    );
  if (!secretAccessKey || !secretForm.test(secretAccessKey))
    throw new BadSetting(
      'PUBLISHER_SECRET_ACCESS_KEY',
      'must have at least 16 characters, no blanks among them, wherever PUBLISHER_ACCESS_KEY_ID is set',
    );
  return { accessKeyId, secretAccessKey, region };
}

/** Into somebody's real bucket a demo is put only when it is asked for. */
function demoOf(text: string | undefined, store: RealStore | undefined): boolean {
  if (text !== undefined && !['', '0', '1'].includes(text)) throw new BadSetting('DEMO', 'must be 0 or 1');
  return store === undefined ? text !== '0' : text === '1';
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
  const store = storeOf(environment);
  return {
    port: whole(environment, 'PORT', 8080, 65_535),
    s3Port: whole(environment, 'S3_PORT', 9000, 65_535),
    dataDir: environment.DATA_DIR || '.local',
    baseUrl: baseUrlOf(environment.BASE_URL),
    bucket: environment.S3_BUCKET || 'nix-channels',
    // A bucket that is kept here is asked each time, which takes a millisecond: whatever was published shows at once.
    channelMaxAge: whole(environment, 'CHANNEL_MAX_AGE_SECONDS', store === undefined ? 0 : 30, 999_999) * 1_000,
    trackedChannels: parseTrackedChannels(environment.METRIC_CHANNELS ?? ''),
    presignLifetime: parsePresignLifetime(environment.PRESIGN_LIFETIME_SECONDS),
    demo: demoOf(environment.DEMO, store),
    publisher: publisherOf(environment, store),
    jwt: jwtOf(environment, readFile),
    store,
    conditionalWrites: parseWord('CONDITIONAL_WRITES', environment.CONDITIONAL_WRITES, conditionalWrites),
    partChecksum: parseWord('PART_CHECKSUM', environment.PART_CHECKSUM, partChecksums),
    log: environment.LOG ? parseWord('LOG', environment.LOG, ['text', 'json']) : undefined,
  };
}

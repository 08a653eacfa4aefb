import type { JwtSettings } from '../../lambda/auth/jwt-settings.ts';
import { type JwtSettingName, jwtSettingNames, parseJwtSettings } from '../../lambda/auth/parse-jwt-settings.ts';
import { type SecretSettings, secretSettings } from '../../lambda/http/open-keys.ts';
import { parseSettings } from '../../lambda/http/setting-kinds.ts';
import { BadSetting } from '../domain/problem.ts';
import type { ConditionalWrites, PartChecksum } from '../domain/store.ts';
import type { PathStyle } from '../store/read/bucket-location.ts';
import type { Credentials } from '../store/read/presign.ts';
import type { Publisher } from './gateway/authorize.ts';
import { localShape, type Variables, variableOf } from './local-variables.ts';

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
  /** Where readers get releases from: the bucket itself, or a stand-in for CloudFront before it. */
  readonly delivery: Variables['DELIVERY'];
  readonly edgePort: number;
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
  /** For how long a retirement can be undone. */
  readonly retiredDays: number;
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

function storeOf(environment: Environment, variables: Variables): RealStore | undefined {
  const { S3_ENDPOINT: endpoint, S3_REGION, S3_PATH_STYLE: pathStyle } = variables;
  const { AWS_REGION, AWS_PROFILE, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = environment;
  if (endpoint === undefined) return undefined;
  if (!AWS_ACCESS_KEY_ID !== !AWS_SECRET_ACCESS_KEY)
    throw new BadSetting('S3_ENDPOINT', 'is set, so AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY must be set together');
  return {
    endpoint,
    region: S3_REGION ?? (AWS_REGION || 'us-east-1'),
    pathStyle,
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
function publisherOf(variables: Variables, store: RealStore | undefined): Publisher | undefined {
  const { PUBLISHER_ACCESS_KEY_ID: accessKeyId, PUBLISHER_SECRET_ACCESS_KEY: secretAccessKey } = variables;
  const { region } = localPublisher;
  if (accessKeyId !== undefined && secretAccessKey !== undefined) return { accessKeyId, secretAccessKey, region };
  if (accessKeyId !== undefined)
    throw new BadSetting('PUBLISHER_SECRET_ACCESS_KEY', 'must be set where PUBLISHER_ACCESS_KEY_ID is');
  if (secretAccessKey !== undefined)
    throw new BadSetting('PUBLISHER_ACCESS_KEY_ID', 'must be set where PUBLISHER_SECRET_ACCESS_KEY is');
  return store === undefined ? localPublisher : undefined;
}

/**
 * A misspelt name must not leave open what was to be private.
 *
 * @param publicKeyFiles those of `--jwt-pem`, instead of the variable
 */
export function jwtOf(
  environment: Environment,
  readFile: (path: string) => string,
  publicKeyFiles?: readonly string[],
): JwtSettings | undefined {
  const known = jwtSettingNames.map(variableOf);
  const unknown = Object.keys(environment).find((name) => name.startsWith('JWT_') && !known.includes(name));
  if (unknown !== undefined) throw new BadSetting(unknown, `is not a setting. The settings are: ${known.join(', ')}`);
  const isFlag = (name: JwtSettingName): boolean => name === 'publicKeyFiles' && publicKeyFiles !== undefined;
  return parseJwtSettings({
    value: (name) => (isFlag(name) ? publicKeyFiles : environment[variableOf(name)]),
    nameOf: (name) => (isFlag(name) ? '--jwt-pem' : variableOf(name)),
    readFile,
  });
}

/**
 * An empty variable counts as not set, except for JWT settings.
 *
 * @param readFile of the files that settings name
 * @throws BadSetting for the first setting that is wrong
 */
export function localSettings(environment: Environment, readFile: (path: string) => string): LocalSettings {
  const given = Object.fromEntries(Object.entries(environment).filter(([, text]) => text !== ''));
  const variables = parseSettings(localShape, given);
  const store = storeOf(environment, variables);
  return {
    port: variables.PORT,
    s3Port: variables.S3_PORT,
    delivery: variables.DELIVERY,
    edgePort: variables.EDGE_PORT,
    dataDir: variables.DATA_DIR,
    baseUrl: variables.BASE_URL,
    bucket: variables.S3_BUCKET,
    // A bucket that is kept here is read for each request, which takes a millisecond: a new release shows at once.
    channelMaxAge: (variables.CHANNEL_MAX_AGE_SECONDS ?? (store === undefined ? 0 : 30)) * 1_000,
    trackedChannels: variables.METRIC_CHANNELS,
    presignLifetime: variables.PRESIGN_LIFETIME_SECONDS,
    retiredDays: variables.RETIRED_DAYS,
    // A real bucket gets the demo only on request.
    demo: (variables.DEMO ?? (store === undefined ? '1' : '0')) === '1',
    publisher: publisherOf(variables, store),
    jwt: jwtOf(environment, readFile),
    store,
    conditionalWrites: variables.CONDITIONAL_WRITES,
    partChecksum: variables.PART_CHECKSUM,
    log: variables.LOG,
  };
}

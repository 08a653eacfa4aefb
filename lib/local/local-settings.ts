import * as z from 'zod';
import type { JwtSettings } from '../../lambda/auth/jwt-settings.ts';
import {
  type JwtSettingName,
  jwtSettingNames,
  jwtShape,
  parseJwtSettings,
} from '../../lambda/auth/parse-jwt-settings.ts';
import { type SecretSettings, secretSettings } from '../../lambda/http/open-keys.ts';
import {
  httpUrl,
  oneOf,
  parseSettings,
  settingRows,
  trackedChannels,
  wholeNumber,
} from '../../lambda/http/setting-kinds.ts';
import { minPresignLifetimeSeconds } from '../../lambda/http/settings.ts';
import { BadSetting } from '../domain/problem.ts';
import {
  type ConditionalWrites,
  conditionalWrites,
  defaultRetiredDays,
  maxRetiredDays,
  type PartChecksum,
  partChecksums,
} from '../domain/store.ts';
import { type PathStyle, pathStyles } from '../store/read/bucket-location.ts';
import { type Credentials, maxPresignedLifetimeSeconds } from '../store/read/presign.ts';
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
  /** Where readers get releases from: the bucket itself, or a stand-in for CloudFront before it. */
  readonly delivery: (typeof deliveries)[number];
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

const deliveries = ['bucket', 'cloudfront'] as const;

/** The variables of `npm start` and of nix-channel-local, in the order of docs/settings.md. */
export const localShape = {
  PORT: wholeNumber(0, 65_535).default(8080).meta({ description: 'the port of the API' }),
  S3_PORT: wholeNumber(0, 65_535).default(9000).meta({ description: 'the port of the bucket' }),
  DELIVERY: oneOf(deliveries).default('bucket').meta({
    description:
      '`cloudfront`: downloads come from [a stand-in for CloudFront](delivery.md#try-it-locally), by signed URLs',
  }),
  EDGE_PORT: wholeNumber(0, 65_535).default(9080).meta({ description: 'the port of that stand-in' }),
  DATA_DIR: z.string().default('.local').meta({
    shownDefault: '`.local`; from the npm package `nix-channel-local`',
    description:
      'the [directory of the bucket](storage.md#the-directory-of-npm-start): new, empty, or from an earlier start; it gets mode 0700',
    shownAccepted: 'the path of a directory',
  }),
  BASE_URL: httpUrl().optional().meta({
    description: 'the start of the URLs that are handed out',
    shownDefault: '`http://127.0.0.1:$PORT`',
  }),
  S3_BUCKET: z.string().default('nix-channels').meta({
    description: 'the name of the bucket; created if missing',
    shownAccepted: 'a name that the store accepts',
  }),
  CHANNEL_MAX_AGE_SECONDS: wholeNumber(0, 999_999, 'seconds').optional().meta({
    description: 'how old an answer may be',
    shownDefault: '0; 30 with `S3_ENDPOINT`',
  }),
  METRIC_CHANNELS: trackedChannels().default([]).meta({
    description: 'channels that have metrics of their own',
    shownDefault: 'none',
  }),
  PRESIGN_LIFETIME_SECONDS: wholeNumber(minPresignLifetimeSeconds, maxPresignedLifetimeSeconds, 'seconds')
    .default(maxPresignedLifetimeSeconds)
    .meta({ description: 'how long a presigned or signed URL can start a download' }),
  RETIRED_DAYS: wholeNumber(1, maxRetiredDays, 'days').default(defaultRetiredDays).meta({
    description: 'how long a [retired release](retire.md) can be taken back before it is deleted',
  }),
  DEMO: oneOf(['0', '1']).optional().meta({
    description: '`1`: a bucket without `channels.json` gets the demo channel',
    shownDefault: '1; 0 with `S3_ENDPOINT`',
  }),
  LOG: oneOf(['text', 'json']).optional().meta({
    description: '`text`: a line for people for each request; `json`: log lines and metrics as on AWS',
    shownDefault: '`text` on a terminal, otherwise `json`',
  }),
  S3_ENDPOINT: httpUrl().optional().meta({
    description:
      'a real S3 server instead; its keys are found as by the AWS SDK (`AWS_*`, a profile, a role): [storage.md](storage.md#try-it)',
  }),
  PUBLISHER_ACCESS_KEY_ID: z
    .string()
    .regex(/^[\w.-]{1,128}$/, 'must be 1 to 128 letters, digits and . _ - where PUBLISHER_SECRET_ACCESS_KEY is set')
    .optional()
    .meta({
      description:
        'the id of the key that publishes; a key of your own can also publish [through a proxy](storage.md#who-may-publish-to-npm-start)',
      shownDefault: '`local`; generated with `S3_ENDPOINT`',
      shownAccepted: '1 to 128 letters, digits and . _ -',
    }),
  // No `accepted`: the message would quote the secret.
  PUBLISHER_SECRET_ACCESS_KEY: z
    .string()
    .regex(/^[\x21-\x7e]{16,}$/, 'must have at least 16 characters and no spaces where PUBLISHER_ACCESS_KEY_ID is set')
    .optional()
    .meta({
      description: 'its secret',
      shownDefault: '`local`; generated with `S3_ENDPOINT`',
      shownAccepted: 'at least 16 characters of ASCII without spaces',
    }),
  S3_REGION: z.string().optional().meta({
    description: 'the region of that server',
    shownDefault: '`AWS_REGION`, or `us-east-1`',
    shownAccepted: 'a name that the server accepts',
  }),
  S3_PATH_STYLE: oneOf(pathStyles).optional().meta({
    description: '`virtual`: the bucket is part of the host name',
    shownDefault: '`path`',
  }),
  CONDITIONAL_WRITES: oneOf(conditionalWrites).default('required').meta({
    description: '`serialised`: for a server that does not support conditional writes',
  }),
  PART_CHECKSUM: oneOf(partChecksums).default('sha256').meta({
    description: '`md5`: for a server that does not accept the SHA-256 of a part',
  }),
};

type Variables = z.infer<z.ZodObject<typeof localShape>>;

/** `publicKeyFiles` is `JWT_PUBLIC_KEY_FILES`. */
const variableOf = (name: string): string => `JWT_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;

/** The table of docs/settings.md. */
export const localRows = (): readonly string[] => [
  ...settingRows(localShape),
  ...settingRows(Object.fromEntries(Object.entries(jwtShape).map(([name, schema]) => [variableOf(name), schema]))).map(
    (row) =>
      row.replace(/\bjwt([A-Z]\w*)/g, (_, name: string) => variableOf(name.charAt(0).toLowerCase() + name.slice(1))),
  ),
];

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

import * as z from 'zod';
import type { JwtSettings } from '../../lambda/auth/jwt-settings.ts';
import { type LogLevel, logLevels } from '../../lambda/http/log.ts';
import { httpUrl, oneOf, parseSettings, wholeNumber } from '../../lambda/http/setting-kinds.ts';
import { BadSetting } from '../domain/problem.ts';
import type { ConditionalWrites, PartChecksum } from '../domain/store.ts';
import { isLoopback, parseBaseUrl } from '../domain/urls.ts';
import { jwtOf } from '../local/local-settings.ts';
import { localShape } from '../local/local-variables.ts';
import type { BucketAddress } from '../store/read/bucket-location.ts';
import type { ServerPublisher } from './publisher-keys.ts';

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** Plain data, so that the primary process can send it to its workers. */
export interface ServerSettings extends BucketAddress {
  /** Empty: the sockets come from systemd. */
  readonly listen: readonly ListenAddress[];
  /** Undefined: no metrics, unless systemd passes a socket for them. */
  readonly metricsListen?: ListenAddress | undefined;
  readonly baseUrl: string;
  readonly channelMaxAgeMs: number;
  readonly presignLifetimeSeconds: number;
  readonly trackedChannels: readonly string[];
  /** For how long a retirement can be undone. */
  readonly retiredDays: number;
  readonly conditionalWrites: ConditionalWrites;
  readonly partChecksum: PartChecksum;
  /** Undefined: everybody may read everything. */
  readonly jwt?: JwtSettings | undefined;
  /** Undefined: nobody may publish. */
  readonly publishers?: readonly ServerPublisher[] | undefined;
  readonly workers: number;
  readonly maxConnectionsPerWorker: number;
  /** How long the server goes on after it was told to end, while `/readyz` says 503. */
  readonly drainMs: number;
  readonly log: 'text' | 'json';
  readonly logLevel: LogLevel;
}

/** What the command line gave, each as text. */
export interface ServerFlags {
  readonly listen?: readonly string[];
  readonly metricsListen?: string;
  readonly baseUrl?: string;
  readonly bucket?: string;
  readonly configUpdateSeconds?: string;
  readonly jwtPem?: readonly string[];
  readonly publishers?: string;
  readonly workers?: string;
  readonly maxConnections?: string;
  readonly drainSeconds?: string;
  readonly log?: string;
}

interface SettingsContext {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly readFile: (path: string) => string;
  readonly readPublishers: (path: string) => readonly ServerPublisher[];
  readonly cores: number;
  readonly isTerminal: boolean;
}

/** `ADDRESS:PORT`, with an IPv6 address in brackets; undefined for any other text. */
export function parseListenAddress(text: string): ListenAddress | undefined {
  const [, ipv6, name, port = ''] = /^(?:\[([\da-fA-F:.]+)\]|([^\s:[\]]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = ipv6 ?? name;
  return host === undefined || Number(port) > 65_535 ? undefined : { host, port: Number(port) };
}

const accepted = 'ADDRESS:PORT, such as 0.0.0.0:3000 or [::]:3000';
const listenAddress = z
  .string()
  .transform(parseListenAddress)
  .pipe(z.object({ host: z.string(), port: z.number() }))
  .meta({ accepted });

const flagShape = {
  listen: z.array(listenAddress).default([]).meta({ accepted }),
  metricsListen: listenAddress.optional(),
  baseUrl: z
    .string('is missing: give --base-url https://channels.example.com')
    .transform(parseBaseUrl)
    .pipe(
      z.string(
        'must be an http:// or https:// URL without user, query and fragment, such as https://channels.example.com',
      ),
    ),
  bucket: z.string('is missing: give --bucket NAME').min(1, 'is missing: give --bucket NAME'),
  configUpdateSeconds: wholeNumber(0, 999_999, 'seconds').default(30),
  workers: wholeNumber(1, 256).optional(),
  maxConnections: wholeNumber(1, 1_000_000).default(4_096),
  drainSeconds: wholeNumber(0, 8, 'seconds').default(0),
  log: oneOf(['text', 'json']).optional(),
};

/** `baseUrl` is `--base-url`. */
const flagOf = (name: string): string => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

const { S3_REGION, S3_PATH_STYLE, CONDITIONAL_WRITES, PART_CHECKSUM, METRIC_CHANNELS, PRESIGN_LIFETIME_SECONDS } =
  localShape;
const { RETIRED_DAYS } = localShape;
const environmentShape = {
  AWS_ENDPOINT_URL: httpUrl().optional(),
  AWS_ENDPOINT_URL_S3: httpUrl().optional(),
  AWS_REGION: z.string().optional(),
  AWS_DEFAULT_REGION: z.string().optional(),
  S3_REGION,
  S3_PATH_STYLE,
  CONDITIONAL_WRITES,
  PART_CHECKSUM,
  METRIC_CHANNELS,
  PRESIGN_LIFETIME_SECONDS,
  RETIRED_DAYS,
  LOG_LEVEL: oneOf(logLevels).default('info'),
};

type Variables = z.infer<z.ZodObject<typeof environmentShape>>;

function storeOf(variables: Variables, bucket: string, baseUrl: string): BucketAddress {
  const { AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_S3, S3_REGION, AWS_REGION, AWS_DEFAULT_REGION } = variables;
  const endpoint = AWS_ENDPOINT_URL_S3 ?? AWS_ENDPOINT_URL;
  if (endpoint?.startsWith('http:') && baseUrl.startsWith('https:') && !isLoopback(new URL(endpoint)))
    throw new BadSetting(
      AWS_ENDPOINT_URL_S3 === undefined ? 'AWS_ENDPOINT_URL' : 'AWS_ENDPOINT_URL_S3',
      'begins with http:// but --base-url with https://, so readers would be redirected to an unencrypted connection: give the https:// URL of the store',
    );
  const region = S3_REGION ?? AWS_REGION ?? AWS_DEFAULT_REGION;
  if (region === undefined && endpoint === undefined)
    throw new BadSetting('AWS_REGION', 'is not set: set it to the region of the bucket, or set AWS_ENDPOINT_URL');
  return { bucket, region: region ?? 'us-east-1', endpoint, pathStyle: variables.S3_PATH_STYLE };
}

function jwtSettings({ jwtPem }: ServerFlags, { environment, readFile }: SettingsContext): JwtSettings | undefined {
  if (jwtPem !== undefined && environment.JWT_PUBLIC_KEY_FILES !== undefined)
    throw new BadSetting('--jwt-pem', 'is given, and JWT_PUBLIC_KEY_FILES is set: use one of them');
  return jwtOf(environment, readFile, jwtPem);
}

/**
 * An empty variable counts as not set, except for JWT settings.
 *
 * @throws BadSetting for the first setting that is wrong
 */
export function serverSettings(flags: ServerFlags, context: SettingsContext): ServerSettings {
  const { environment, cores, isTerminal, readPublishers } = context;
  const given = parseSettings(flagShape, { ...flags }, flagOf);
  const isSet = ([, text]: readonly [string, unknown]): boolean => text !== '';
  const variables = parseSettings(environmentShape, Object.fromEntries(Object.entries(environment).filter(isSet)));
  const settings: ServerSettings = {
    ...storeOf(variables, given.bucket, given.baseUrl),
    baseUrl: given.baseUrl,
    listen: given.listen,
    metricsListen: given.metricsListen,
    channelMaxAgeMs: 1_000 * given.configUpdateSeconds,
    presignLifetimeSeconds: variables.PRESIGN_LIFETIME_SECONDS,
    trackedChannels: variables.METRIC_CHANNELS,
    retiredDays: variables.RETIRED_DAYS,
    conditionalWrites: variables.CONDITIONAL_WRITES,
    partChecksum: variables.PART_CHECKSUM,
    jwt: jwtSettings(flags, context),
    publishers: flags.publishers === undefined ? undefined : readPublishers(flags.publishers),
    workers: given.workers ?? cores,
    maxConnectionsPerWorker: given.maxConnections,
    drainMs: 1_000 * given.drainSeconds,
    log: given.log ?? (isTerminal ? 'text' : 'json'),
    logLevel: variables.LOG_LEVEL,
  };
  if (settings.conditionalWrites === 'serialised' && settings.publishers !== undefined && settings.workers > 1)
    throw new BadSetting(
      'CONDITIONAL_WRITES',
      'is "serialised", so one process must do all writes: give --workers 1, and run one server',
    );
  return settings;
}

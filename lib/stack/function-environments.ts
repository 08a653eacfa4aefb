import type { StackSettings } from './settings/stack-settings.ts';

type Environment = Readonly<Record<string, string>>;

export interface Surroundings {
  readonly bucketName: string;
  readonly baseUrl: string;
  /** What the store has both functions told. */
  readonly store: Environment;
}

/** What each of the functions is told by its environment; the store tells publish more. */
export function functionEnvironments(
  settings: StackSettings,
  { bucketName, baseUrl, store }: Surroundings,
): Readonly<Record<'serve' | 'publish', Environment>> {
  const { s3Endpoint, s3PathStyle, conditionalWrites, partChecksum, jwt } = settings;
  const both = {
    BUCKET: bucketName,
    BASE_URL: baseUrl,
    LOG_LEVEL: settings.logLevel,
    STACK_NAME: settings.stackName,
    ...(s3Endpoint === undefined ? {} : { S3_ENDPOINT: s3Endpoint }),
    ...(s3PathStyle === undefined ? {} : { S3_PATH_STYLE: s3PathStyle }),
    ...store,
  };
  return {
    serve: {
      ...both,
      CHANNEL_MAX_AGE_SECONDS: String(settings.channelMaxAgeSeconds),
      METRIC_CHANNELS: settings.metricChannels.join(),
      PRESIGN_LIFETIME_SECONDS: String(settings.presignLifetimeSeconds),
      ACCESS: jwt === undefined ? 'open' : JSON.stringify(jwt),
    },
    publish: {
      ...both,
      ...(conditionalWrites === 'serialised' ? { CONDITIONAL_WRITES: conditionalWrites } : {}),
      ...(partChecksum === 'md5' ? { PART_CHECKSUM: partChecksum } : {}),
    },
  };
}

import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { z } from 'zod';
import { type JwtSettingName, jwtShape } from '../../../lambda/auth/parse-jwt-settings.ts';
import { logLevels } from '../../../lambda/http/log.ts';
import { arn, matching, numberAmong, oneOf, trackedChannels, wholeNumber } from '../../../lambda/http/setting-kinds.ts';
import { minPresignLifetimeSeconds } from '../../../lambda/http/settings.ts';
import { maxPresignedLifetimeSeconds } from '../../store/read/presign.ts';

const memory = wholeNumber(128, 10_240, 'megabytes');

export const functionSettings = {
  channelMaxAgeSeconds: wholeNumber(0, 3600, 'seconds').default(30).meta({
    description: 'how long a published release may stay unseen',
  }),
  presignLifetimeSeconds: wholeNumber(minPresignLifetimeSeconds, maxPresignedLifetimeSeconds, 'seconds')
    .default(maxPresignedLifetimeSeconds)
    .meta({ description: 'how long a presigned or signed URL can start a download' }),
  // The start is the costly part, and it runs on a full vCPU whatever the size. Afterwards a request is some 60 µs of CPU and a
  // wait for S3, for which a seventh of a vCPU (1769 MB make one: Lambda developer guide, "Configure Lambda function memory")
  // is enough. Node and this bundle stay below 100 MB; what is kept is bounded.
  serveMemoryMegabytes: memory.default(256).meta({
    description: 'memory of the function that answers Nix',
  }),
  // 500 part URLs are signed in one request: about 0.1 s on a full vCPU, 0.4 s here.
  publishMemoryMegabytes: memory.default(512).meta({
    description: 'memory of the function that runs publish operations',
  }),
  serveReservedConcurrency: wholeNumber(1, 10_000, 'function instances').optional().meta({
    description:
      "how many of the account's concurrent executions are reserved for readers, who get no more than these; a new account has none to spare",
  }),
};

type ContextName = `jwt${Capitalize<JwtSettingName>}`;

export const contextNameOf = (name: JwtSettingName): ContextName =>
  `jwt${name.charAt(0).toUpperCase()}${name.slice(1)}` as ContextName;

/** The schemas of tokens under their names in the context. Their rules depend on each other: parseJwtSettings has them. */
export const jwtSettings = Object.fromEntries(
  Object.entries(jwtShape).map(([name, schema]) => [contextNameOf(name as JwtSettingName), schema]),
) as unknown as Readonly<Record<ContextName, z.ZodType>>;

// CloudWatch Logs takes these numbers of days and no others; "never expires" is not one of them.
const retentionDays = Object.values(RetentionDays)
  .filter((days) => typeof days === 'number')
  .filter((days) => days !== RetentionDays.INFINITE)
  .sort((a, b) => a - b);

export const operationSettings = {
  logRetentionDays: numberAmong(retentionDays).default(90).meta({
    description: 'how many days CloudWatch Logs keeps the logs',
  }),
  logLevel: oneOf(logLevels).default('info').meta({
    description: 'the lowest level that the functions log',
  }),
  metricChannels: trackedChannels().default([]).meta({
    description: 'channels that have metrics of their own',
    shownDefault: 'none',
  }),
  alarmEmail: matching(/^[^\s@,;<>()"]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,63}$/, 'one e-mail address')
    .optional()
    .meta({ description: 'receives the alarms after it has confirmed the subscription that SNS sends it' }),
  alarmTopicArn: arn(
    'sns',
    String.raw`[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}`,
    "the ARN of a standard topic of SNS in the stack's region, arn:aws:sns:REGION:ACCOUNT:NAME",
  )
    .optional()
    .meta({ description: 'an SNS topic that receives them instead' }),
};

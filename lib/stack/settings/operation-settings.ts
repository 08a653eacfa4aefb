import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { type LogLevel, logLevels } from '../../../lambda/http/log.ts';
import { mostTrackedChannels, parseTrackedChannels } from '../../../lambda/http/settings.ts';
import { partitionIds } from '../../domain/aws.ts';
import { isText } from '../../domain/names.ts';
import { accept, type Setting } from './setting.ts';

const alarmEmail: Setting<string | undefined> = {
  ...accept.matching(/^[^\s@,;<>()"]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,63}$/, 'one e-mail address'),
  fallback: undefined,
  about: 'gets the alarms, once it has confirmed the subscription that SNS sends it',
};

const alarmTopicArn: Setting<string | undefined> = {
  ...accept.matching(
    new RegExp(String.raw`^arn:${partitionIds}:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}$`),
    "the ARN of a standard topic of SNS in the stack's region, arn:aws:sns:REGION:ACCOUNT:NAME",
  ),
  fallback: undefined,
  about: 'a topic of SNS that gets them instead',
};

export const alarmSettings = { alarmEmail, alarmTopicArn };

// CloudWatch Logs takes these numbers of days and no others; "never expires" is not among them here.
const retentionDays = Object.values(RetentionDays)
  .filter((days) => typeof days === 'number' && days !== RetentionDays.INFINITE)
  .sort((a, b) => Number(a) - Number(b)) as readonly number[];

const logRetentionDays: Setting<number> = {
  ...accept.numberAmong(retentionDays),
  fallback: 90,
  about: 'a number that CloudWatch takes',
};

const logLevel: Setting<LogLevel> = {
  ...accept.oneOf(...logLevels),
  fallback: 'info',
  about: '`info`, `warn` or `error`: what the functions log at least',
};

export const logSettings = { logRetentionDays, logLevel };

/** As the functions read it, so that a name which they would refuse fails here. */
function channelsOf(value: unknown): readonly string[] | undefined {
  try {
    const given: unknown = typeof value === 'string' && value.startsWith('[') ? JSON.parse(value) : value;
    if (typeof given === 'string') return parseTrackedChannels(given);
    return Array.isArray(given) && given.every(isText) ? parseTrackedChannels(given.join()) : undefined;
  } catch {
    return undefined;
  }
}

const metricChannels: Setting<readonly string[]> = {
  accepted: `at most ${mostTrackedChannels} names of channels, none of them "other", as a list or with commas between them`,
  parse: channelsOf,
  fallback: [],
  about: 'channels that the metrics count by name',
  standard: 'none',
};

export const metricSettings = { metricChannels };

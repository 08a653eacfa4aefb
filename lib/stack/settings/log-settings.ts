import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { type LogLevel, logLevels } from '../../../lambda/http/log.ts';
import { accept } from './accept.ts';
import type { Setting } from './setting.ts';

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

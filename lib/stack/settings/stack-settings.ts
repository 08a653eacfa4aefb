import type { JwtSettings } from '../../../lambda/auth/jwt-settings.ts';
import { alarmSettings } from './alarm-settings.ts';
import { apiSettings } from './api-settings.ts';
import { bucketSettings } from './bucket-settings.ts';
import { deploymentSettings } from './deployment-settings.ts';
import { domainSettings } from './domain-settings.ts';
import { functionSettings } from './function-settings.ts';
import { jwtSettings } from './jwt-settings.ts';
import { logSettings } from './log-settings.ts';
import { metricSettings } from './metric-settings.ts';
import { publisherSettings } from './publisher-settings.ts';
import type { Parsed } from './setting.ts';
import { storeSettings } from './store-settings.ts';

/** Everything that a deployment may choose, in the order of the README's table. */
export const stackSettings = {
  ...deploymentSettings,
  ...domainSettings,
  ...apiSettings,
  ...functionSettings,
  ...jwtSettings,
  ...logSettings,
  ...metricSettings,
  ...alarmSettings,
  ...bucketSettings,
  ...storeSettings,
  ...publisherSettings,
};

/** The settings of tokens stand together as `jwt`; undefined: everybody may read everything. */
export type StackSettings = Omit<Parsed<typeof stackSettings>, keyof typeof jwtSettings> & {
  readonly jwt: JwtSettings | undefined;
};

/** Settings that are each good and do not go together. */
export interface Combination {
  readonly name: keyof StackSettings;
  /** Completes "The setting NAME …": what to do. */
  readonly rule: string;
  readonly broken: (settings: StackSettings) => boolean;
}

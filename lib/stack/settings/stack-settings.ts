import type { JwtSettings } from '../../../lambda/auth/jwt-settings.ts';
import { apiSettings, domainSettings } from './api-settings.ts';
import { bucketSettings } from './bucket-settings.ts';
import { deploymentSettings } from './deployment-settings.ts';
import { functionSettings, jwtSettings } from './function-settings.ts';
import { alarmSettings, logSettings, metricSettings } from './operation-settings.ts';
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

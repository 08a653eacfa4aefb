import type * as z from 'zod';
import type { JwtSettings } from '../../../lambda/auth/jwt-settings.ts';
import { bucketSettings, storeSettings } from './bucket-settings.ts';
import { deliverySettings } from './delivery-settings.ts';
import { deploymentSettings, domainSettings, limitSettings } from './deployment-settings.ts';
import { functionSettings, jwtSettings, operationSettings } from './function-settings.ts';
import { publisherSettings } from './publisher-settings.ts';

/** Everything but the settings of tokens: each can be parsed by itself. */
export const singleSettings = {
  ...deploymentSettings,
  ...domainSettings,
  ...limitSettings,
  ...functionSettings,
  ...operationSettings,
  ...bucketSettings,
  ...storeSettings,
  ...deliverySettings,
  ...publisherSettings,
};

/** Everything that a deployment can set, in the order of docs/settings.md. */
export const stackSettings = {
  ...deploymentSettings,
  ...domainSettings,
  ...limitSettings,
  ...functionSettings,
  ...jwtSettings,
  ...singleSettings,
};

/** The settings of tokens are together in `jwt`; undefined: everybody may read everything. */
export type StackSettings = z.infer<z.ZodObject<typeof singleSettings>> & {
  readonly jwt: JwtSettings | undefined;
};

/** Settings that are each valid but cannot be used together. */
export interface Combination {
  readonly name: keyof StackSettings;
  /** Completes "The setting NAME …": what to do. */
  readonly rule: string;
  readonly isBroken: (settings: StackSettings) => boolean;
}

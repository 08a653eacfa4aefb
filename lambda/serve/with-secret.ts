// Loaded while the sandbox starts, where the bucket's keys or the key that signs downloads are in a secret.
import './core.ts';
import type { StoreKeys } from '../../lib/store/read/presign.ts';
import { type OpenedDelivery, openDelivery } from '../http/open-delivery.ts';
import { type OpenKeysOptions, openKeys, secretSettings } from '../http/open-keys.ts';
import type { Environment } from '../http/settings.ts';

interface Secrets {
  readonly keys: StoreKeys;
  readonly delivery: OpenedDelivery | undefined;
}

/** @throws BadSetting */
export async function openSecrets(
  environment: Environment,
  options: Omit<OpenKeysOptions, 'secret'>,
): Promise<Secrets> {
  const keys = await openKeys({ ...options, secret: secretSettings(environment) });
  return { keys, delivery: environment.DELIVERY_URL ? openDelivery(environment, options) : undefined };
}

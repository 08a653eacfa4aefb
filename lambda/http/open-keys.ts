import type { RequestFunction } from '../../lib/store/read/node-request.ts';
import { readSecret } from '../../lib/store/read/read-secret.ts';
import { createSecretKeys } from '../../lib/store/read/secret-keys.ts';
import { fixedKeys, type StoreKeys } from '../../lib/store/read/store-keys.ts';
import { describeError, type Log } from './log.ts';
import type { StoreSettings } from './settings.ts';

export interface OpenKeysOptions extends Pick<StoreSettings, 'credentials' | 'secret'> {
  readonly request: RequestFunction;
  readonly now: () => number;
  readonly log: Log;
}

/**
 * The bucket's keys: the role's own, or those of a secret, read here for the first time. Where that fails it is tried again on
 * use; a function that ended at its start would only be started again for each request.
 */
export async function openKeys({
  credentials,
  secret: settings,
  request,
  now,
  log,
}: OpenKeysOptions): Promise<StoreKeys> {
  if (settings === undefined) return fixedKeys(credentials);
  const { secret, endpoint } = settings;
  const keys = createSecretKeys({
    read: () => readSecret({ secret, endpoint, credentials, request }),
    now,
    onStale: (cause) => log('warn', 'stale', { key: secret.arn, error: describeError(cause) }),
    onRenewed: (accessKeyId) => log('info', 'keys renewed', { key: secret.arn, accessKeyId }),
  });
  try {
    await keys.get();
  } catch (error) {
    log('error', 'unavailable', { key: secret.arn, error: describeError(error) });
  }
  return keys;
}

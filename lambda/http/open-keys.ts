import type { StoreKeys } from '../../lib/store/read/presign.ts';
import type { RequestFunction } from '../../lib/store/read/request.ts';
import { createSecretKeys, readSecret } from '../../lib/store/read/secret-keys.ts';
import { describeError, type Log } from './log.ts';
import type { StoreSettings } from './settings.ts';

interface OpenKeysOptions extends Pick<StoreSettings, 'secret'> {
  /** The bucket's own keys, unless there is a secret: then they read it. */
  readonly own: StoreKeys;
  readonly request: RequestFunction;
  readonly now: () => number;
  readonly log: Log;
}

/**
 * The bucket's keys: those of the role, or those of a secret, which is read here for the first time. If that fails, it is read
 * again on use: a function that exits at its start would only be started again for each request.
 */
export async function openKeys({ own, secret: settings, request, now, log }: OpenKeysOptions): Promise<StoreKeys> {
  if (settings === undefined) return own;
  const { secret, endpoint } = settings;
  const keys = createSecretKeys({
    read: async () => readSecret({ secret, endpoint, credentials: await own.get(), request }),
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

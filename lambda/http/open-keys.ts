import { parseSecretArn, type SecretArn } from '../../lib/domain/aws.ts';
import { BadSetting } from '../../lib/domain/problem.ts';
import type { StoreKeys } from '../../lib/store/read/presign.ts';
import type { RequestFunction } from '../../lib/store/read/request.ts';
import { createSecretKeys, readSecret, storeKeysOf } from '../../lib/store/read/secret-keys.ts';
import { describeError, type Log } from './log.ts';
import { type Environment, endpointOf, required } from './settings.ts';

/** A secret, and where it is read. */
export interface SecretSettings {
  readonly secret: SecretArn;
  /** Undefined: the region's own Secrets Manager. */
  readonly endpoint: string | undefined;
}

/** The variable of the endpoint is the one that the AWS SDKs read. @param name the variable with the ARN */
export function secretOf(environment: Environment, name: string): SecretSettings {
  const secret = parseSecretArn(required(environment, name));
  if (secret === undefined) throw new BadSetting(name, 'must be the complete ARN of a secret');
  return { secret, endpoint: endpointOf(environment, 'AWS_ENDPOINT_URL_SECRETS_MANAGER') };
}

export const secretSettings = (environment: Environment): SecretSettings | undefined =>
  environment.CREDENTIALS_SECRET_ARN ? secretOf(environment, 'CREDENTIALS_SECRET_ARN') : undefined;

export interface OpenKeysOptions {
  readonly secret: SecretSettings | undefined;
  /** The function's role: the bucket's keys, unless there is a secret. Then they read it. */
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
    read: async () => storeKeysOf(await readSecret({ secret, endpoint, credentials: await own.get(), request })),
    areSame: (one, other) => one.accessKeyId === other.accessKeyId && one.secretAccessKey === other.secretAccessKey,
    unavailable: 'The keys of the storage behind this service cannot be read: try again.',
    now,
    onStale: (cause) => log('warn', 'stale', { key: secret.arn, error: describeError(cause) }),
    onRenewed: ({ accessKeyId }) => log('info', 'keys renewed', { key: secret.arn, accessKeyId }),
  });
  try {
    await keys.get();
  } catch (error) {
    log('error', 'unavailable', { key: secret.arn, error: describeError(error) });
  }
  return keys;
}

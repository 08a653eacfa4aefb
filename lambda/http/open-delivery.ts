import { BadSetting } from '../../lib/domain/problem.ts';
import { isLoopback, parseBaseUrl } from '../../lib/domain/urls.ts';
import { BadDeliveryKey, createDelivery, type Delivery, parseDeliveryKey } from '../../lib/store/read/delivery.ts';
import { createSecretKeys, readSecret } from '../../lib/store/read/secret-keys.ts';
import { describeError } from './log.ts';
import { type OpenKeysOptions, secretOf } from './open-keys.ts';
import { type Environment, required } from './settings.ts';

export interface OpenedDelivery extends Delivery {
  /**
   * Reads the secret for the first time. Rejects where what it holds is not a key, which only the operator can change. A secret
   * that cannot be read is read again on use.
   */
  readonly warm: () => Promise<void>;
}

/** @throws BadSetting */
function originOf(text: string): string {
  const origin = parseBaseUrl(text);
  const url = origin === undefined ? undefined : new URL(origin);
  if (url !== undefined && url.origin === origin && (url.protocol === 'https:' || isLoopback(url))) return origin;
  throw new BadSetting(
    'DELIVERY_URL',
    'must be an https:// origin without a path, such as https://d123.cloudfront.net',
  );
}

/** @throws BadSetting */
export function openDelivery(
  environment: Environment,
  { own, request, now, log }: Omit<OpenKeysOptions, 'secret'>,
): OpenedDelivery {
  const origin = originOf(required(environment, 'DELIVERY_URL'));
  const { secret, endpoint } = secretOf(environment, 'DELIVERY_SECRET');
  const keys = createSecretKeys({
    read: async () => {
      const text = await readSecret({ secret, endpoint, credentials: await own.get(), request });
      return parseDeliveryKey(text, environment.DELIVERY_KEY_ID);
    },
    areSame: (one, other) => one.id === other.id && one.privateKey.equals(other.privateKey),
    unavailable: 'The key that signs downloads cannot be read: try again.',
    now,
    onStale: (cause) => log('warn', 'stale', { key: secret.arn, error: describeError(cause) }),
    onRenewed: ({ id }) => log('info', 'keys renewed', { key: secret.arn, keyId: id }),
  });
  return {
    ...createDelivery({ origin, keys, now }),
    async warm() {
      try {
        await keys.get();
      } catch (error) {
        const { cause } = error as Error;
        if (cause instanceof BadDeliveryKey)
          throw new BadSetting('DELIVERY_SECRET', `names a secret that is damaged: it ${cause.message}`);
        log('error', 'unavailable', { key: secret.arn, error: describeError(error) });
      }
    },
  };
}

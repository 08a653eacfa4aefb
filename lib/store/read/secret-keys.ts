import { Unavailable } from '../../domain/problem.ts';
import { Refreshed } from './refreshed.ts';
import type { Credentials, StoreKeys } from './store-keys.ts';

/** Milliseconds. A sandbox that only hands out URLs asks the store nothing, so it would never see that keys were replaced. */
const maxAge = 300_000;
/** After the store refused the keys they are read again at once, but not more often than this, in milliseconds. */
const betweenRenewals = 60_000;
/** Without any keys the secret is asked for again after so long, in milliseconds. */
const pause = 5_000;
/** Milliseconds; what reading the secret may take. */
export const secretDeadline = 2_000;

export interface SecretKeysOptions {
  readonly read: () => Promise<Credentials>;
  readonly now: () => number;
  /** Told when the secret cannot be read and the keys from before are taken. */
  readonly onStale: (cause: unknown) => void;
  readonly onRenewed: (accessKeyId: string) => void;
}

const areSame = (one: Credentials, other: Credentials): boolean =>
  one.accessKeyId === other.accessKeyId && one.secretAccessKey === other.secretAccessKey;

/** Keys that are kept in a secret, and may be replaced there at any time. */
export function createSecretKeys({ read, now, onStale, onRenewed }: SecretKeysOptions): StoreKeys {
  let generation = 0;
  let failure: { readonly error: Unavailable; readonly until: number } | undefined;
  let renewAfter = Number.NEGATIVE_INFINITY;
  let renewing: Promise<Credentials> | undefined;

  async function load(previous: Credentials | undefined): Promise<Credentials> {
    if (previous === undefined && failure !== undefined && now() < failure.until) throw failure.error;
    try {
      const found = await read();
      if (previous === undefined || areSame(previous, found)) return previous ?? found;
      generation += 1;
      onRenewed(found.accessKeyId);
      return found;
    } catch (cause) {
      const error = new Unavailable('The keys of the storage behind this service cannot be read: try again.', cause);
      failure = { error, until: now() + pause };
      throw error;
    }
  }

  const kept = new Refreshed(load, { maxAge, now, onStale, patience: secretDeadline });
  return {
    get: () => kept.get(),
    generation: () => generation,
    async renew(refused) {
      if (kept.last !== refused) return true;
      if (now() >= renewAfter) {
        renewAfter = now() + betweenRenewals;
        renewing = kept.renew().finally(() => {
          renewing = undefined;
        });
      }
      return renewing !== undefined && (await renewing) !== refused;
    },
  };
}

import { S3Client } from '@aws-sdk/client-s3';
import type { StoreKeys } from '../read/store-keys.ts';
import { type StoreAccess, s3ClientConfig } from './s3-client-config.ts';
import { statusOf } from './s3-failure.ts';

/** An answer to HEAD has no body to tell why, so any refusal of one may be that of the keys. */
const refusesKeys = (error: unknown, command: string | undefined): boolean =>
  statusOf(error) === 401 ||
  ['InvalidAccessKeyId', 'SignatureDoesNotMatch'].includes((error as Error).name) ||
  (statusOf(error) === 403 && command === 'HeadObjectCommand');

/** The S3 client. A command whose keys are refused is sent once more when there are others by then. */
export function openClient({ keys, ...address }: Omit<StoreAccess, 'keys'> & { readonly keys: StoreKeys }): S3Client {
  const client = new S3Client(s3ClientConfig({ ...address, keys }));
  const { renew } = keys;
  if (renew === undefined) return client;
  client.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        const used = await keys.get();
        try {
          return await next(args);
        } catch (error) {
          if (refusesKeys(error, commandName) && (await renew(used))) return next(args);
          throw error;
        }
      },
    { step: 'initialize', name: 'renewKeys' },
  );
  return client;
}

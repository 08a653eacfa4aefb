import { BadSetting, Unavailable } from '../domain/problem.ts';
import type { Credentials, StoreKeys } from '../store/read/presign.ts';

/** Asks for credentials each time. The SDK's providers keep theirs until shortly before they expire. */
export type CredentialProvider = () => Promise<Credentials>;

let provider: CredentialProvider | undefined;

/** The default credential chain of the AWS SDK, loaded on first use: a system that keeps its own bucket needs none. */
export const sdkChain: CredentialProvider = async () => {
  provider ??= (await import('@aws-sdk/credential-providers')).fromNodeProviderChain();
  return provider();
};

/**
 * The keys that a provider finds. Temporary ones are replaced as they expire.
 *
 * @throws BadSetting when it finds none now
 */
export async function chainKeys(provide: CredentialProvider): Promise<StoreKeys> {
  let last: Credentials;
  try {
    last = await provide();
  } catch (error) {
    throw new BadSetting(
      'S3_ENDPOINT',
      `is set, but no AWS credentials were found (${(error as Error).message.replace(/\.$/, '')}): set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE`,
    );
  }
  let generation = 0;
  return {
    async get() {
      const found = await provide().catch((cause: unknown) => {
        throw new Unavailable('The AWS credentials for the bucket cannot be renewed: try again.', cause);
      });
      if (found.accessKeyId !== last.accessKeyId) generation += 1;
      last = found;
      return found;
    },
    generation: () => generation,
  };
}

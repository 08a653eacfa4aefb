import { fromNodeProviderChain, fromTemporaryCredentials } from '@aws-sdk/credential-providers';
import type { AwsCredentialIdentityProvider } from '@smithy/types';
import { Problem } from '../../domain/problem.ts';
import type { ApiFlags } from './find-api.ts';

/** The SDK's message names only the last place that it tried; this one says where to put credentials. */
export const explainedCredentials =
  (provider: AwsCredentialIdentityProvider, profile?: string): AwsCredentialIdentityProvider =>
  async (options) => {
    try {
      return await provider(options);
    } catch (error) {
      const reason = (error as Error).message;
      const advice =
        profile === undefined
          ? 'No AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give --profile'
          : `No AWS credentials by the profile "${profile}": check that ~/.aws/config has it, and log in again if necessary`;
      throw new Problem(401, 'no-credentials', `${advice} (${reason}).`, { cause: error });
    }
  };

/**
 * AWS credentials from the usual places. To assume a role, STS is called in the given region: its default, us-east-1, is
 * closed to some accounts and does not exist in other partitions. SSO has a region of its own in the profile, so the region
 * is set on the parent client and not on the clients of the providers.
 */
export function findCredentials({
  profile,
  region,
  role,
}: Pick<ApiFlags, 'profile' | 'region'> & {
  /** A role to be assumed with them. */
  readonly role?: string | undefined;
}): AwsCredentialIdentityProvider {
  const own = fromNodeProviderChain({
    ...(profile === undefined ? {} : { profile }),
    ...(region === undefined ? {} : { parentClientConfig: { region: async () => region } }),
  });
  if (role === undefined) return explainedCredentials(own, profile);
  return explainedCredentials(
    fromTemporaryCredentials({
      masterCredentials: own,
      params: { RoleArn: role, RoleSessionName: 'channelctl-takedown' },
      ...(region === undefined ? {} : { clientConfig: { region } }),
    }),
    profile,
  );
}

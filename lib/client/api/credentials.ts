import { fromNodeProviderChain } from '@aws-sdk/credential-providers';
import type { AwsCredentialIdentityProvider } from '@smithy/types';
import { Problem } from '../../domain/problem.ts';
import type { ApiFlags } from './find-api.ts';

/** The SDK tells of the last place that it looked in; who has no credentials wants to know where to put some. */
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
          : `No AWS credentials by the profile "${profile}": see that ~/.aws/config has it, and log in again if it needs that`;
      throw new Problem(401, 'no-credentials', `${advice} (${reason}).`, { cause: error });
    }
  };

/**
 * AWS credentials from wherever they usually are. Where a role is assumed STS is asked in the region that was given: its
 * default, us-east-1, is closed to some accounts, and is no part of other partitions. SSO has a region of its own, in the
 * profile, so it is the region of whoever asks that is given, and not that of the clients.
 */
export const findCredentials = ({
  profile,
  region,
}: Pick<ApiFlags, 'profile' | 'region'>): AwsCredentialIdentityProvider =>
  explainedCredentials(
    fromNodeProviderChain({
      ...(profile === undefined ? {} : { profile }),
      ...(region === undefined ? {} : { parentClientConfig: { region: async () => region } }),
    }),
    profile,
  );

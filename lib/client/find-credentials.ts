import { fromNodeProviderChain } from '@aws-sdk/credential-providers';
import type { AwsCredentialIdentityProvider } from '@smithy/types';
import { explainedCredentials } from './explained-credentials.ts';
import type { ApiFlags } from './find-api.ts';

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

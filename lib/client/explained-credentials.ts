import type { AwsCredentialIdentityProvider } from '@smithy/types';
import { Problem } from '../domain/problem.ts';

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

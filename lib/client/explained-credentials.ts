import type { AwsCredentialIdentityProvider } from '@smithy/types';
import { Problem } from '../domain/problem.ts';

/** The SDK tells of the last place that it looked in; who has no credentials wants to know where to put some. */
export const explainedCredentials =
  (provider: AwsCredentialIdentityProvider): AwsCredentialIdentityProvider =>
  async (options) => {
    try {
      return await provider(options);
    } catch (error) {
      const reason = (error as Error).message;
      throw new Problem(
        401,
        'no-credentials',
        `No AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give --profile (${reason}).`,
        { cause: error },
      );
    }
  };

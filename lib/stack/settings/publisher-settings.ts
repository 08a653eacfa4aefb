import { partitionIds } from '../../domain/aws.ts';
import { accept } from './accept.ts';
import { type Publisher, parsePublishers } from './parse-publishers.ts';
import type { Setting } from './setting.ts';

const publishers: Setting<readonly Publisher[]> = {
  accepted: 'a list of publishers, in JSON',
  parse: parsePublishers,
  fallback: [],
  standard: 'none',
  about: 'who may publish what, as a list: [docs/deploy.md](docs/deploy.md#publishers)',
};

const githubOidcProvider: Setting<string | undefined> = {
  ...accept.matching(
    new RegExp(
      String.raw`^(?:create|arn:${partitionIds}:iam::\d{12}:oidc-provider/token\.actions\.githubusercontent\.com)$`,
    ),
    '"create", or the ARN of the provider for token.actions.githubusercontent.com that the account has',
  ),
  fallback: undefined,
  standard: "the account's",
  about: '`create` where the account has no provider for GitHub Actions yet, or its ARN',
};

export const publisherSettings = { publishers, githubOidcProvider };

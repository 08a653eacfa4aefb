import type { AwsCredentialIdentityProvider } from '@smithy/types';
import { regionOfGeneratedDomain } from '../domain/aws.ts';
import { InvalidInput, NotFound } from '../domain/problem.ts';
import { parseBaseUrl } from '../domain/urls.ts';
import { describeStack } from './describe-stack.ts';
import { findRegion } from './find-region.ts';
import type { Send } from './http-exchange.ts';
import type { RetryOptions } from './retry.ts';

export interface FindApiOptions extends RetryOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly credentials: AwsCredentialIdentityProvider;
  readonly send: Send;
}

/** As the command line has them. */
export interface ApiFlags {
  readonly url?: string;
  readonly stack?: string;
  readonly profile?: string;
  readonly region?: string;
}

export interface FoundApi {
  readonly url: string;
  readonly region: string;
  /** Of the stack, where it was found by that. */
  readonly outputs?: Readonly<Record<string, string>>;
}

async function findByUrl(given: string, flags: ApiFlags): Promise<FoundApi> {
  const url = parseBaseUrl(given);
  if (url === undefined) throw new InvalidInput('url', `"${given}" is no http or https URL.`);
  return { url, region: await findRegion(url, regionOfGeneratedDomain(url), flags) };
}

async function findByStack(stack: string, options: FindApiOptions, flags: ApiFlags): Promise<FoundApi> {
  const regionOfArn = /^arn:[^:]*:cloudformation:([^:]+):/.exec(stack)?.[1];
  const region = await findRegion(`the stack "${stack}"`, regionOfArn, flags);
  const { environment, ...rest } = options;
  const endpoint = environment.AWS_ENDPOINT_URL_CLOUDFORMATION;
  const outputs = await describeStack({ stack, region, endpoint, ...rest });
  // The API's own domain, not the one for readers: a proxy before it may change what is signed.
  const url = parseBaseUrl(outputs.ApiEndpoint ?? outputs.ApiUrl ?? '');
  if (url === undefined)
    throw new NotFound(`The stack "${stack}" has no output ApiEndpoint: it is none of nix-channel-lambda.`);
  return { url, region, outputs };
}

/** Where the API is, and in which region: by its URL, or by the stack that deployed it. An option comes before the environment. */
export async function findApi(options: FindApiOptions, flags: ApiFlags): Promise<FoundApi> {
  const { environment } = options;
  if (flags.url !== undefined && flags.stack !== undefined)
    throw new InvalidInput('url', 'Which one, --url or --stack? Give one of them.');
  const url = flags.url ?? (flags.stack === undefined ? environment.CHANNELCTL_URL || undefined : undefined);
  const stack = flags.stack ?? (environment.CHANNELCTL_STACK || undefined);
  if (url !== undefined) return findByUrl(url, flags);
  if (stack !== undefined && stack !== '') return findByStack(stack, options, flags);
  throw new InvalidInput(
    'url',
    'Which API? Give --url or --stack (the name of its stack), or set CHANNELCTL_URL or CHANNELCTL_STACK.',
  );
}

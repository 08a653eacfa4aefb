import { loadConfig, NODE_REGION_CONFIG_FILE_OPTIONS, NODE_REGION_CONFIG_OPTIONS } from '@smithy/core/config';
import { SignatureV4 } from '@smithy/signature-v4';
import type { AwsCredentialIdentityProvider } from '@smithy/types';
import { XMLParser } from 'fast-xml-parser';
import { regionOfGeneratedDomain, serviceEndpoint } from '../../domain/aws.ts';
import { InvalidInput, NotFound, Problem, Unavailable } from '../../domain/problem.ts';
import { parseBaseUrl } from '../../domain/urls.ts';
import { Sha256 } from '../../store/read/keys.ts';
import { clockAdvice } from './channel-api.ts';
import { type ExchangeResult, type Send, signedHeaders } from './http.ts';
import { createRetry, type RetryOptions } from './retry.ts';

interface DescribeStackOptions extends RetryOptions {
  readonly stack: string;
  readonly region: string;
  /** Undefined: CloudFormation's own for the region. */
  readonly endpoint: string | undefined;
  readonly credentials: AwsCredentialIdentityProvider;
  readonly send: Send;
}

interface Described {
  readonly DescribeStacksResponse?: {
    readonly DescribeStacksResult?: {
      readonly Stacks?: {
        readonly member?: readonly {
          readonly Outputs?: {
            readonly member?: readonly { readonly OutputKey: string; readonly OutputValue: string }[];
          };
        }[];
      };
    };
  };
  readonly ErrorResponse?: { readonly Error?: { readonly Code?: string; readonly Message?: string } };
}

/** Milliseconds. */
const idleTimeoutMs = 20_000;

const parser = new XMLParser({ parseTagValue: false, ignoreAttributes: true, isArray: (name) => name === 'member' });

function parse(body: string): Described {
  try {
    return parser.parse(body) as Described;
  } catch {
    return {};
  }
}

function refusal(
  { stack, region, now = Date.now }: DescribeStackOptions,
  { status, body, headers }: ExchangeResult,
): Problem {
  const { Code = '', Message = '' } = parse(body).ErrorResponse?.Error ?? {};
  if (Code === 'ValidationError' && /does not exist/.test(Message))
    return new NotFound(
      `There is no stack "${stack}" in ${region}: check --stack, --region and whose account this is.`,
    );
  if (status === 403)
    return new Problem(
      403,
      'forbidden',
      `CloudFormation in ${region} does not show the stack "${stack}" to these AWS credentials (${Code}). ${clockAdvice(headers, now()) ?? 'Allow cloudformation:DescribeStacks on it, or give --url instead'}.`,
    );
  if (status >= 500 || /^Thrott/.test(Code))
    return new Unavailable(`CloudFormation in ${region} does not answer as it should (${Code || status}): try again.`);
  return new Problem(
    400,
    'refused',
    `CloudFormation in ${region} refused to describe "${stack}": ${Message || status}.`,
  );
}

/** CloudFormation's DescribeStacks, by its Query API (CloudFormation API reference, "DescribeStacks"). */
function describe(options: DescribeStackOptions): () => Promise<ExchangeResult> {
  const { stack, region, endpoint, credentials, send } = options;
  const url = new URL(endpoint ?? serviceEndpoint('cloudformation', region));
  const body = String(new URLSearchParams({ Action: 'DescribeStacks', Version: '2010-05-15', StackName: stack }));
  const contentType = 'application/x-www-form-urlencoded';
  const signer = new SignatureV4({ service: 'cloudformation', region, credentials, sha256: Sha256 });
  return async () => {
    const headers = await signedHeaders(signer, { method: 'POST', url, contentType, body });
    return send({ method: 'POST', url, headers, body: Buffer.from(body), idleTimeoutMs });
  };
}

/** The outputs of a stack. What fails in passing is tried again. */
async function describeStack(options: DescribeStackOptions): Promise<Readonly<Record<string, string>>> {
  const ask = describe(options);
  const retry = createRetry(options);
  for (;;) {
    const result = await ask().catch((error: unknown) => {
      if (error instanceof Problem) throw error;
      return new Unavailable(
        `CloudFormation in ${options.region} cannot be reached: ${(error as Error).message}.`,
        error,
      );
    });
    if (!(result instanceof Problem) && result.status === 200) {
      const [described] = parse(result.body).DescribeStacksResponse?.DescribeStacksResult?.Stacks?.member ?? [];
      const outputs = described?.Outputs?.member ?? [];
      return Object.fromEntries(outputs.map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue]));
    }
    const problem = result instanceof Problem ? result : refusal(options, result);
    if (!(problem instanceof Unavailable)) throw problem;
    const failure =
      result instanceof Problem
        ? { reason: result.message.replace(/\.$/, '') }
        : {
            reason: `CloudFormation in ${options.region} answered ${result.status}`,
            retryAfter: result.headers?.['retry-after'],
          };
    if (!(await retry(failure))) throw problem;
  }
}

/** The option, or else what `known` tells, or else AWS_REGION, or else the profile's region. */
export async function findRegion(
  subject: string,
  known: string | undefined,
  { region, profile }: { readonly region?: string; readonly profile?: string },
): Promise<string> {
  const told = region ?? known;
  if (told !== undefined) return told;
  const files = { ...NODE_REGION_CONFIG_FILE_OPTIONS, ...(profile === undefined ? {} : { profile }) };
  const configured = await loadConfig<string>({ ...NODE_REGION_CONFIG_OPTIONS, default: () => '' }, files)();
  if (configured !== '') return configured;
  throw new InvalidInput('region', `No AWS region is known for ${subject}: give --region, or set AWS_REGION.`);
}

interface FindApiOptions extends RetryOptions {
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

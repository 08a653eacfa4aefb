import { loadConfig, NODE_REGION_CONFIG_FILE_OPTIONS, NODE_REGION_CONFIG_OPTIONS } from '@smithy/core/config';
import { SignatureV4 } from '@smithy/signature-v4';
import type { AwsCredentialIdentityProvider } from '@smithy/types';
import { regionOfGeneratedDomain, serviceEndpoint } from '../../domain/aws.ts';
import { InvalidInput, NotFound, Problem, Unavailable } from '../../domain/problem.ts';
import { parseBaseUrl } from '../../domain/urls.ts';
import { Sha256 } from '../../store/read/presign.ts';
import { clockAdvice } from './channel-api.ts';
import { createRetry, type ExchangeResult, type RetryOptions, type Send, signedHeaders } from './http.ts';

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

const idleTimeoutMs = 20_000;

/** The parser is loaded only here, as most commands are given a URL. */
async function parse(body: string): Promise<Described> {
  const { XMLParser } = await import('fast-xml-parser');
  const parser = new XMLParser({ parseTagValue: false, ignoreAttributes: true, isArray: (name) => name === 'member' });
  try {
    return parser.parse(body) as Described;
  } catch {
    return {};
  }
}

async function refusal(
  { stack, region, now = Date.now }: DescribeStackOptions,
  { status, body, headers }: ExchangeResult,
): Promise<Problem> {
  const { Code = '', Message = '' } = (await parse(body)).ErrorResponse?.Error ?? {};
  if (Code === 'ValidationError' && /does not exist/.test(Message))
    return new NotFound(`There is no stack "${stack}" in ${region}: check --stack, --region and the AWS account.`);
  if (status === 403)
    return new Problem(
      403,
      'forbidden',
      `CloudFormation in ${region} does not let these AWS credentials describe the stack "${stack}" (${Code}). ${clockAdvice(headers, now()) ?? 'Allow cloudformation:DescribeStacks on it, or give --url instead'}.`,
    );
  if (status >= 500 || /^Thrott/.test(Code))
    return new Unavailable(`CloudFormation in ${region} failed (${Code || status}): run the same command again.`);
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

/** The outputs of a stack. Transient failures are retried. */
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
      const [described] = (await parse(result.body)).DescribeStacksResponse?.DescribeStacksResult?.Stacks?.member ?? [];
      const outputs = described?.Outputs?.member ?? [];
      return Object.fromEntries(outputs.map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue]));
    }
    const problem = result instanceof Problem ? result : await refusal(options, result);
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

/** The option, else `known`, else AWS_REGION, else the profile's region. */
export async function findRegion(
  subject: string,
  known: string | undefined,
  { region, profile }: { readonly region?: string; readonly profile?: string },
): Promise<string> {
  const explicit = region ?? known;
  if (explicit !== undefined) return explicit;
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

export interface ApiFlags {
  readonly url?: string;
  readonly stack?: string;
  readonly profile?: string;
  readonly region?: string;
}

export interface FoundApi {
  readonly url: string;
  readonly region: string;
  /** Of the stack, if the API was found by its stack. */
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
  // The API's own domain, not the one for readers: a proxy in front of that may change what is signed.
  const url = parseBaseUrl(outputs.ApiEndpoint ?? outputs.ApiUrl ?? '');
  if (url === undefined)
    throw new NotFound(
      `The stack "${stack}" has no output ApiEndpoint or ApiUrl: it is not a stack of nix-channel-lambda.`,
    );
  return { url, region, outputs };
}

/** The API's URL and region, by its URL or its stack. An option overrides the environment. */
export async function findApi(options: FindApiOptions, flags: ApiFlags): Promise<FoundApi> {
  const { environment } = options;
  if (flags.url !== undefined && flags.stack !== undefined)
    throw new InvalidInput('url', 'Give either --url or --stack, not both.');
  const url = flags.url ?? (flags.stack === undefined ? environment.CHANNELCTL_URL || undefined : undefined);
  const stack = flags.stack ?? (environment.CHANNELCTL_STACK || undefined);
  if (url !== undefined) return findByUrl(url, flags);
  if (stack !== undefined && stack !== '') return findByStack(stack, options, flags);
  throw new InvalidInput(
    'url',
    'Which API? Give --url or --stack (the name of its stack), or set CHANNELCTL_URL or CHANNELCTL_STACK.',
  );
}

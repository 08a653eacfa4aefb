import { SignatureV4 } from '@smithy/signature-v4';
import type { AwsCredentialIdentityProvider } from '@smithy/types';
import { XMLParser } from 'fast-xml-parser';
import { serviceEndpoint } from '../domain/aws.ts';
import { NotFound, Problem, Unavailable } from '../domain/problem.ts';
import { Sha256 } from '../store/read/sha256.ts';
import { clockAdvice } from './api-problem.ts';
import type { ExchangeResult, Send } from './http-exchange.ts';
import { createRetry, type RetryOptions } from './retry.ts';
import { signedHeaders } from './signed-headers.ts';

export interface DescribeStackOptions extends RetryOptions {
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
const idle = 20_000;

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
    return send({ method: 'POST', url, headers, body: Buffer.from(body), idle });
  };
}

/** The outputs of a stack. What fails in passing is tried again. */
export async function describeStack(options: DescribeStackOptions): Promise<Readonly<Record<string, string>>> {
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

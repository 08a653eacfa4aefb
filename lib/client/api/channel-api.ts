import { SignatureV4 } from '@smithy/signature-v4';
import type { AwsCredentialIdentityProvider } from '@smithy/types';
import type { ProblemDetails } from '../../api/problem.ts';
import { isObject } from '../../domain/names.ts';
import { Problem, Unavailable } from '../../domain/problem.ts';
import { Sha256 } from '../../store/read/presign.ts';
import { formatSeconds } from '../text.ts';
import {
  createRetry,
  type ExchangeResult,
  neverInterrupted,
  type RetryOptions,
  retryAfterMs,
  type Send,
  signedHeaders,
  type WhenInterrupted,
} from './http.ts';

/** A problem of the API, or of API Gateway, which has only `message`. Any field may be missing. */
type Details = Readonly<Partial<Record<keyof ProblemDetails | 'message', unknown>>>;

function detailsOf(body: string): Details {
  try {
    const value: unknown = JSON.parse(body);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

/** AWS refuses a signature whose time differs by more from its own. */
const maxClockDifferenceMs = 300_000;

/** Advice for a refused signature where this machine's clock is wrong. */
export function clockAdvice(headers: ExchangeResult['headers'], now: number): string | undefined {
  const differenceMs = now - Date.parse(headers?.date ?? '');
  if (!(Math.abs(differenceMs) > maxClockDifferenceMs)) return undefined;
  const direction = differenceMs > 0 ? 'ahead of' : 'behind';
  return `The clock of this machine is ${formatSeconds(Math.abs(differenceMs) / 1_000)} ${direction} the service's, and AWS refuses signatures over 5 minutes off: set the clock, then run the same command again`;
}

interface SignedFor {
  readonly region: string;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** The API's problem, or one made of the gateway's answer. */
export function apiProblem({ status, body, headers }: ExchangeResult, url: URL, { region, now }: SignedFor): Problem {
  const { detail, code, field, message } = detailsOf(body);
  if (typeof detail === 'string' && typeof code === 'string')
    return new Problem(status, code, detail, typeof field === 'string' ? { field } : {});
  const waitMs = retryAfterMs(headers?.['retry-after'], now);
  const later = waitMs === 0 ? '' : ` in ${formatSeconds(waitMs / 1_000)}`;
  if (status === 403)
    return new Problem(
      403,
      'forbidden',
      `${url.origin} refuses this request, which was signed for the region ${region}. ${clockAdvice(headers, now) ?? `Check your identity (aws sts get-caller-identity), the region (--region), and that your policy allows execute-api:Invoke on ${url.pathname}`}.`,
    );
  if (status === 404)
    return new Problem(404, 'not-found', `${url.origin} has no publish API at ${url.pathname}: check --url.`);
  if (status === 429)
    return new Unavailable(
      `${url.origin} accepts no more requests at the moment (429): run the same command again${later || ' later'}.`,
    );
  if (status >= 500) return new Unavailable(`${url.origin} failed (${status}): run the same command again${later}.`);
  return new Problem(
    status,
    'refused',
    `${url.origin} refused the request (${status}${typeof message === 'string' ? `: ${message}` : ''}).`,
  );
}

export interface ChannelApiOptions extends RetryOptions {
  /** Origin, perhaps with a path. */
  readonly url: string;
  readonly region: string;
  readonly credentials: AwsCredentialIdentityProvider;
  readonly send: Send;
  readonly whenInterrupted?: WhenInterrupted | undefined;
}

/** The gateway itself waits 30 s. */
const idleTimeoutMs = 35_000;

/** Another service may answer 200 as well, with a page of its own. */
function parseAnswer<Answer>(body: string, url: URL): Answer {
  try {
    return JSON.parse(body) as Answer;
  } catch {
    throw new Problem(404, 'not-found', `${url.origin} is not a publish API: check --url.`);
  }
}

/** Calls the publish API, signed with AWS credentials. Every call can be repeated, so transient failures are retried. */
export class ChannelApi {
  readonly #options: ChannelApiOptions;
  readonly #signer: SignatureV4;

  constructor(options: ChannelApiOptions) {
    this.#options = options;
    const { region, credentials } = options;
    this.#signer = new SignatureV4({ service: 'execute-api', region, credentials, sha256: Sha256 });
  }

  get url(): string {
    return this.#options.url;
  }

  get<Answer>(path: string, query: Readonly<Record<string, string | undefined>> = {}): Promise<Answer> {
    return this.#call('GET', path, query, undefined);
  }

  post<Answer>(path: string, body: unknown): Promise<Answer> {
    return this.#call('POST', path, {}, JSON.stringify(body));
  }

  patch<Answer>(path: string, body: unknown): Promise<Answer> {
    return this.#call('PATCH', path, {}, JSON.stringify(body));
  }

  delete<Answer>(path: string, body: unknown): Promise<Answer> {
    return this.#call('DELETE', path, {}, JSON.stringify(body));
  }

  async #call<Answer>(
    method: string,
    path: string,
    query: Readonly<Record<string, string | undefined>>,
    body: string | undefined,
  ): Promise<Answer> {
    const url = new URL(`${this.#options.url}${path}`);
    for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, value);
    const { note, whenInterrupted = neverInterrupted } = this.#options;
    if (method === 'GET') return this.#tryCall(method, url, body);
    return whenInterrupted(
      () => note?.('interrupted: the change may or may not have been made. Run the same command again to be sure.'),
      () => this.#tryCall(method, url, body),
    );
  }

  async #tryCall<Answer>(method: string, url: URL, body: string | undefined): Promise<Answer> {
    const { region, now = Date.now } = this.#options;
    const retry = createRetry(this.#options);
    for (;;) {
      let problem: Problem;
      let reason: string;
      let retryAfter: string | undefined;
      let isQueue = false;
      try {
        const result = await this.#sendSigned(method, url, body);
        if (result.status === 200) return parseAnswer<Answer>(result.body, url);
        problem = apiProblem(result, url, { region, now: now() });
        // The gateway's own 503 is the same for a function that failed and for one that is busy, where publishers queue.
        isQueue = problem instanceof Unavailable;
        if (!isQueue && result.status < 500) throw problem;
        reason = `${url.origin} answered ${result.status}`;
        retryAfter = result.headers?.['retry-after'];
      } catch (error) {
        if (error instanceof Problem) throw error;
        reason = `${url.origin} cannot be reached: ${(error as Error).message || (error as { code?: string }).code}`;
        problem = new Unavailable(`${reason}.`, error);
      }
      if (!(await retry({ reason, retryAfter, isQueue }))) throw problem;
    }
  }

  async #sendSigned(method: string, url: URL, body: string | undefined): Promise<ExchangeResult> {
    const headers = await signedHeaders(this.#signer, { method, url, body });
    return this.#options.send({
      method,
      url,
      headers,
      idleTimeoutMs,
      ...(body === undefined ? {} : { body: Buffer.from(body) }),
    });
  }
}

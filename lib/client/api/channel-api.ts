import { SignatureV4 } from '@smithy/signature-v4';
import type { AwsCredentialIdentityProvider } from '@smithy/types';
import type { ProblemDetails } from '../../api/problem.ts';
import { isObject } from '../../domain/names.ts';
import { Problem, Unavailable } from '../../domain/problem.ts';
import { Sha256 } from '../../store/read/keys.ts';
import { formatSeconds } from '../progress.ts';
import { type ExchangeResult, type Send, signedHeaders } from './http.ts';
import { createRetry, neverInterrupted, type RetryOptions, retryAfterMs, type WhenInterrupted } from './retry.ts';

/** What the API says, and API Gateway, which has `message` alone. Nothing of it is believed to be there. */
type Details = Readonly<Partial<Record<keyof ProblemDetails | 'message', unknown>>>;

function detailsOf(body: string): Details {
  try {
    const value: unknown = JSON.parse(body);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

/** AWS refuses a signature whose time is further away from its own. */
const maxClockDifferenceMs = 300_000;

/** What to say of a refused signature where the service's clock shows another time than this machine's. */
export function clockAdvice(headers: ExchangeResult['headers'], now: number): string | undefined {
  const differenceMs = now - Date.parse(headers?.date ?? '');
  if (!(Math.abs(differenceMs) > maxClockDifferenceMs)) return undefined;
  const direction = differenceMs > 0 ? 'ahead of' : 'behind';
  return `The clock of this machine is ${formatSeconds(Math.abs(differenceMs) / 1_000)} ${direction} the service's, and AWS refuses signatures over 5 minutes off: set the clock, then run the same command again`;
}

/** How a request was signed. */
interface SignedFor {
  readonly region: string;
  /** Milliseconds since 1970, by this machine's clock. */
  readonly now: number;
}

/** What the API refused, as a Problem: its own words where it has any, otherwise the gateway's put into ours. */
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
      `${url.origin} refuses this request, which was signed for the region ${region}. ${clockAdvice(headers, now) ?? `Check who you are (aws sts get-caller-identity), the region (--region), and that your policy allows execute-api:Invoke on ${url.pathname}`}.`,
    );
  if (status === 404)
    return new Problem(404, 'not-found', `${url.origin} has no publish API at ${url.pathname}: check --url.`);
  if (status === 429)
    return new Unavailable(
      `${url.origin} accepts no more requests at the moment (429): run the same command again${later || ' later'}.`,
    );
  if (status >= 500)
    return new Unavailable(
      `${url.origin} does not answer as it should (${status}): run the same command again${later}.`,
    );
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

/** Milliseconds; the gateway itself waits 30 s. */
const idleTimeoutMs = 35_000;

/** Whatever else listens there may answer 200 too, with a page of its own. */
function parseAnswer<Answer>(body: string, url: URL): Answer {
  try {
    return JSON.parse(body) as Answer;
  } catch {
    throw new Problem(404, 'not-found', `${url.origin} answers, but not as the publish API does: check --url.`);
  }
}

/** Calls the publish API, signed with AWS credentials. Each call may be repeated, so what fails in passing is tried again. */
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

  get<Answer>(path: string, query: Readonly<Record<string, string>> = {}): Promise<Answer> {
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
    query: Readonly<Record<string, string>>,
    body: string | undefined,
  ): Promise<Answer> {
    const url = new URL(`${this.#options.url}${path}`);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    const { note, whenInterrupted = neverInterrupted } = this.#options;
    if (method === 'GET') return this.#tryCall(method, url, body);
    return whenInterrupted(
      () => note?.('interrupted: the change may have been made or not. Run the same command again to be sure.'),
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
        // What the gateway says by itself is the same for a function that failed and for one that is busy: publishers queue there.
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

/** Names of channels go into paths percent-encoded. */
export const channelPath = (channel: string, rest = ''): string =>
  `/publish/channels/${encodeURIComponent(channel)}${rest}`;

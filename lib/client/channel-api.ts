import { SignatureV4 } from '@smithy/signature-v4';
import type { AwsCredentialIdentityProvider } from '@smithy/types';
import { Problem, Unavailable } from '../domain/problem.ts';
import { Sha256 } from '../store/read/sha256.ts';
import { apiProblem } from './api-problem.ts';
import type { ExchangeResult, Send } from './http-exchange.ts';
import { neverInterrupted, type WhenInterrupted } from './interrupt.ts';
import { createRetry, type RetryOptions } from './retry.ts';
import { signedHeaders } from './signed-headers.ts';

export interface ChannelApiOptions extends RetryOptions {
  /** Origin, perhaps with a path. */
  readonly url: string;
  readonly region: string;
  readonly credentials: AwsCredentialIdentityProvider;
  readonly send: Send;
  readonly whenInterrupted?: WhenInterrupted | undefined;
}

/** Milliseconds; the gateway itself waits 30 s. */
const idle = 35_000;

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
      idle,
      ...(body === undefined ? {} : { body: Buffer.from(body) }),
    });
  }
}

/** Names of channels go into paths percent-encoded. */
export const channelPath = (channel: string, rest = ''): string =>
  `/publish/channels/${encodeURIComponent(channel)}${rest}`;

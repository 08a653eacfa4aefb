import { SignatureV4 } from '@smithy/signature-v4';
import type { AwsCredentialIdentityProvider } from '@smithy/types';
import { Problem, Unavailable } from '../domain/problem.ts';
import { Sha256 } from '../store/read/sha256.ts';
import { apiProblem } from './api-problem.ts';
import { backoff } from './backoff.ts';
import type { ExchangeResult, Send } from './http-exchange.ts';
import { signedHeaders } from './signed-headers.ts';

export interface ChannelApiOptions {
  /** Origin, perhaps with a path. */
  readonly url: string;
  readonly region: string;
  readonly credentials: AwsCredentialIdentityProvider;
  readonly send: Send;
  readonly sleep: (duration: number) => Promise<void>;
}

const attempts = 6;
/**
 * Milliseconds spent waiting for a function that takes no more requests at present. With a reserved concurrency of 1 publishers
 * queue here. What the gateway then says is its own, and not to be told from a function that failed.
 */
const patience = 120_000;
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
    let waited = 0;
    for (let attempt = 0; ; attempt += 1) {
      const last = attempt >= attempts - 1;
      try {
        const result = await this.#sendSigned(method, url, body);
        if (result.status === 200) return parseAnswer<Answer>(result.body, url);
        const problem = apiProblem(result, url);
        const byGateway = problem instanceof Unavailable;
        const passing = byGateway || result.status >= 500;
        if (!passing || (byGateway ? waited >= patience : last)) throw problem;
      } catch (error) {
        if (error instanceof Problem) throw error;
        if (last)
          throw new Unavailable(
            `${url.origin} cannot be reached: ${(error as Error).message || (error as { code?: string }).code}.`,
            error,
          );
      }
      const pause = backoff(attempt);
      waited += pause;
      await this.#options.sleep(pause);
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

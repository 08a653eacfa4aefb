import type { ChannelDocument, IndexDocument } from '../../api/reading.ts';
import { NotFound, Problem, Unavailable } from '../../domain/problem.ts';
import {
  createRetry,
  type ExchangeResult,
  isTransient,
  type RetryOptions,
  retryAfterMs,
  type Send,
} from '../api/http.ts';
import { findNetrc, netrcFile, netrcHost } from '../netrc/find.ts';
import { basicAuthorization, sentEntry } from '../netrc/parse.ts';
import { formatSeconds, oneLine } from '../text.ts';
import { isChannelDocument, isIndexDocument } from './documents.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** What is sent to a service, and where it comes from. */
export interface ReaderCredentials {
  readonly netrcPath: string;
  /** The header that Nix would send; undefined where it sends none. */
  readonly authorization: string | undefined;
}

/** As Nix finds them. @param netrc another file than the one that Nix reads */
export async function readerCredentials(
  base: string,
  environment: Environment,
  netrc: string | undefined,
): Promise<ReaderCredentials> {
  const { path: netrcPath } = await findNetrc(netrc, environment);
  const file = await netrcFile(netrcPath);
  const entry = file.state === 'readable' ? sentEntry(file.text, netrcHost(new URL(base))) : undefined;
  return { netrcPath, authorization: basicAuthorization(entry) };
}

export interface ReaderApiOptions extends RetryOptions {
  /** Origin, perhaps with a path. */
  readonly base: string;
  readonly credentials: ReaderCredentials;
  readonly send: Send;
  readonly environment: Environment;
}

/** Shorter than for the publish API: a reader's request waits for no other. */
const idleTimeoutMs = 15_000;
/** Far more than 500 releases, or channels, and 200 changes have. */
const maxDocumentBytes = 16 * 1024 ** 2;
const maxSaidCharacters = 500;

/** What the service says of an error. What a proxy or another server says is not repeated. */
function saidBy({ body, headers }: ExchangeResult): string | undefined {
  const isText = headers?.['content-type']?.startsWith('text/plain') === true;
  return isText ? oneLine(body.slice(0, maxSaidCharacters).trim()) || undefined : undefined;
}

/** Codes of failures that another try would meet as well: names that do not exist, and certificates. */
const isLasting = (code: string): boolean =>
  /^(?:ENOTFOUND|EPROTO|CERT_|ERR_TLS_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_)/.test(code);

async function noAnswer(url: URL, error: unknown, environment: Environment): Promise<Problem> {
  const { code, message = '' } = error as { readonly code?: string; readonly message?: string };
  // Loaded only here, as few requests fail.
  const { fixOf, proxyVariable } = await import('./ask.ts');
  const proxy = proxyVariable(url, environment);
  const advice =
    proxy === undefined
      ? fixOf(code ?? '')
      : `This command does not use the proxy that ${proxy} names, and Nix does: curl ${url.href}`;
  return new Unavailable(`${url.origin} cannot be reached (${code ?? message}). ${advice}`, error);
}

const otherService = (what: string): Problem =>
  new Problem(
    404,
    'other-service',
    `${what}: check the URL, and whether a proxy or a login page answers instead of the service.`,
  );

const isJson = ({ headers }: ExchangeResult): boolean => /^application\/json\b/.test(headers?.['content-type'] ?? '');

/** A document in an answer of 200. */
function parseDocument(result: ExchangeResult, url: URL): unknown {
  if (Buffer.byteLength(result.body) > maxDocumentBytes)
    throw new Problem(502, 'bad-answer', `${url.href} answers with more than 16 MiB: that is not a channel service.`);
  try {
    return JSON.parse(result.body);
  } catch (error) {
    if (isJson(result))
      throw new Problem(502, 'bad-answer', `${url.href} answers with damaged JSON.`, { cause: error });
    const { 'content-type': type = 'no type' } = result.headers ?? {};
    throw otherService(`${url.href} answers with ${type.slice(0, 60)} instead of JSON`);
  }
}

interface Asked {
  readonly url: URL;
  /** Behind the base URL. */
  readonly path: string;
  readonly options: Pick<ReaderApiOptions, 'base' | 'credentials'>;
}

function redirected({ url, path, options }: Asked, location: string | undefined): Problem {
  const to = location !== undefined && URL.canParse(location, url.href) ? new URL(location, url) : undefined;
  const place = to === undefined ? 'nowhere' : to.origin + to.pathname;
  const advice = place.endsWith(path) ? `use ${place.slice(0, -path.length)}` : 'check the URL';
  const token = options.credentials.authorization === undefined ? '' : ', and a token is not sent on';
  return new Problem(
    400,
    'redirected',
    `${url.origin} redirects to ${place}${token}: ${advice} instead of ${options.base}.`,
  );
}

function unauthorized({ url, options }: Asked, result: ExchangeResult): Problem {
  const { base, credentials } = options;
  const { netrcPath, authorization } = credentials;
  const host = netrcHost(url);
  const login = `channelctl login ${base}`;
  const said = saidBy(result);
  return new Problem(
    401,
    'unauthorized',
    authorization === undefined
      ? `${url.origin} needs a token (401), and ${netrcPath} has none for ${host}. Save one: ${login}`
      : `${url.origin} refuses the token that ${netrcPath} has for ${host} (401).${said === undefined ? '' : ` ${said}`} To save another one: ${login}`,
  );
}

/** The problem of an answer that no other try would change. */
function refusal(asked: Asked, result: ExchangeResult): Problem {
  const { url } = asked;
  const { status, headers } = result;
  if (status >= 300 && status < 400) return redirected(asked, headers?.location);
  if (status === 401) return unauthorized(asked, result);
  const said = saidBy(result);
  if (status === 404) return new NotFound(said ?? `${url.href} does not exist: check the URL.`);
  if (status === 410) return new Problem(410, 'gone', said ?? `${url.href} was removed.`);
  const code = status === 403 ? 'forbidden' : 'refused';
  return new Problem(
    status,
    code,
    `${url.origin} refuses the request (${status})${said === undefined ? ': check the URL.' : `: ${said}`}`,
  );
}

/** The pages of JSON that a service has for readers. Asks again after transient failures. */
export class ReaderApi {
  readonly #options: ReaderApiOptions;

  constructor(options: ReaderApiOptions) {
    this.#options = options;
  }

  get base(): string {
    return this.#options.base;
  }

  /** For requests beside those for JSON. */
  get send(): Send {
    return this.#options.send;
  }

  get credentials(): ReaderCredentials {
    return this.#options.credentials;
  }

  async index(after?: string): Promise<IndexDocument> {
    const document = await this.#ask('/index.json', after).catch((error: unknown) => {
      throw error instanceof NotFound ? this.#notService(error) : error;
    });
    if (isIndexDocument(document)) return document;
    throw otherService(`${this.base}/index.json is not the list of a channel service`);
  }

  async channel(channel: string, after?: string): Promise<ChannelDocument> {
    const path = `/channel/${encodeURIComponent(channel)}.json`;
    const document = await this.#ask(path, after).catch(async (error: unknown) => {
      // A service without such pages has no channel of that name either, and says only that.
      if (error instanceof NotFound)
        await this.index().catch((other: unknown) => {
          if (other instanceof NotFound) throw other;
        });
      throw error;
    });
    if (isChannelDocument(document)) return document;
    throw otherService(`${this.base}${path} is not the page of a channel`);
  }

  /** The problem of an answer to a request for a release, or for what it led to. */
  refusal(url: URL, result: ExchangeResult): Problem {
    return refusal({ url, path: url.pathname, options: this.#options }, result);
  }

  #notService(cause: Problem): Problem {
    return new NotFound(
      `${this.base} has no list of channels (/index.json): it is another service, or an older one such as s3-nix-channel. Check the URL; publishers can add --as-publisher.`,
      { cause },
    );
  }

  async #ask(path: string, after: string | undefined): Promise<unknown> {
    const { base, credentials, send, environment, now = Date.now } = this.#options;
    const url = new URL(base + path);
    if (after !== undefined) url.searchParams.set('after', after);
    const { authorization } = credentials;
    const headers = { accept: 'application/json', ...(authorization === undefined ? {} : { authorization }) };
    const retry = createRetry(this.#options);
    for (;;) {
      const maxBodyBytes = maxDocumentBytes + 1;
      const result = await send({ method: 'GET', url, headers, idleTimeoutMs, maxBodyBytes }).catch(
        async (error: unknown) => {
          const problem = await noAnswer(url, error, environment);
          const { code = '', message } = error as { readonly code?: string; readonly message?: string };
          if (isLasting(code)) throw problem;
          return { problem, reason: `${url.origin} cannot be reached: ${message || code}`, retryAfter: undefined };
        },
      );
      if ('status' in result && result.status === 200) return parseDocument(result, url);
      const failure = 'status' in result ? this.#failure({ url, path, options: this.#options }, result, now()) : result;
      if (!(await retry(failure))) throw failure.problem;
    }
  }

  /** A failure that another try may not meet. Throws the others. */
  #failure(asked: Asked, result: ExchangeResult, now: number) {
    const { status, headers } = result;
    if (!isTransient(status)) throw refusal(asked, result);
    const retryAfter = headers?.['retry-after'];
    const waitMs = retryAfterMs(retryAfter, now);
    const later = waitMs === 0 ? 'later' : `in ${formatSeconds(waitMs / 1_000)}`;
    const said = saidBy(result);
    const reason = `${asked.url.origin} answered ${status}`;
    return {
      problem: new Unavailable(
        `${reason}${said === undefined ? '.' : `: ${said}`} Run the same command again ${later}.`,
      ),
      reason,
      retryAfter,
    };
  }
}

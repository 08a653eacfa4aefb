import type * as http from 'node:http';
import type { LookupFunction } from 'node:net';
import type { Readable } from 'node:stream';
import type { SignatureV4 } from '@smithy/signature-v4';
import { Problem, Unavailable } from '../../domain/problem.ts';
import { formatSeconds } from '../text.ts';

export interface Exchange {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer | Readable;
  readonly idleTimeoutMs: number;
  readonly signal?: AbortSignal;
  /** How much of the answer's body is kept; the rest is not read. */
  readonly maxBodyBytes?: number;
  /** Gets the body of a 200 or 206 in pieces, instead of the result. What it throws ends the exchange. */
  readonly onBody?: (chunk: Buffer, answer: Omit<ExchangeResult, 'body'>) => void;
  /** Resolves the host's name, for a connection of its own: one that is open already was resolved by others. */
  readonly lookup?: LookupFunction;
  /** PEM certificates of the trusted authorities; Node's own if undefined. */
  readonly authorities?: readonly string[] | undefined;
}

export interface ExchangeResult {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<http.IncomingHttpHeaders>;
  /** Names and values in turn, with the case of the names as sent. */
  readonly rawHeaders?: readonly string[];
}

export type Send = (exchange: Exchange) => Promise<ExchangeResult>;

/**
 * Loaded with the first request, and not by `import`: that runs the getters of node:http, which load undici, and takes longer
 * than Node's own start (nodejs/node#59686).
 */
const transportOf = (url: URL): Pick<typeof http, 'request'> =>
  process.getBuiltinModule(url.protocol === 'http:' ? 'node:http' : 'node:https');

/** Sends one request. It uses node:http(s), which streams a part of a file at half the cost of fetch. */
export const send: Send = ({
  method,
  url,
  headers,
  body,
  idleTimeoutMs,
  signal,
  maxBodyBytes = Infinity,
  onBody,
  lookup,
  authorities,
}) =>
  new Promise((resolve, reject) => {
    const options = {
      method,
      headers,
      timeout: idleTimeoutMs,
      ...(signal === undefined ? {} : { signal }),
      ...(authorities === undefined ? {} : { ca: [...authorities] }),
      ...(lookup === undefined ? {} : { lookup, agent: false as const }),
    };
    const request = transportOf(url).request(url, options, (response) => {
      const chunks: Buffer[] = [];
      let length = 0;
      const { statusCode: status = 0, headers, rawHeaders } = response;
      const end = (): void => {
        const whole = Buffer.concat(chunks).subarray(0, maxBodyBytes).toString();
        resolve({ status, body: whole, headers, rawHeaders });
      };
      response.on('data', (chunk: Buffer) => {
        if (onBody !== undefined && (status === 200 || status === 206)) {
          try {
            onBody(chunk, { status, headers, rawHeaders });
          } catch (error) {
            response.destroy(error as Error);
          }
          return;
        }
        chunks.push(chunk);
        length += chunk.length;
        if (length <= maxBodyBytes) return;
        end();
        response.destroy();
      });
      response.on('error', reject);
      response.on('end', end);
    });
    request.on('timeout', () =>
      request.destroy(new Error(`no data was sent or received for ${idleTimeoutMs / 1_000} s`)),
    );
    request.on('error', (error) => {
      if (body !== undefined && 'destroy' in body) body.destroy();
      reject(error);
    });
    if (body === undefined || Buffer.isBuffer(body)) request.end(body);
    else body.on('error', (error) => request.destroy(error)).pipe(request);
  });

interface Signable {
  readonly method: string;
  readonly url: URL;
  readonly contentType?: string;
  readonly body?: string | undefined;
}

/** The headers of a request with Signature Version 4. */
export async function signedHeaders(
  signer: Pick<SignatureV4, 'sign'>,
  { method, url, contentType = 'application/json', body }: Signable,
): Promise<Readonly<Record<string, string>>> {
  const { headers } = await signer.sign({
    method,
    protocol: url.protocol,
    hostname: url.hostname,
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    headers: { host: url.host, ...(body === undefined ? {} : { 'content-type': contentType }) },
    body,
  });
  return body === undefined ? headers : { ...headers, 'content-length': String(Buffer.byteLength(body)) };
}

export interface RetryOptions {
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** Says a sentence to whoever waits. */
  readonly note?: ((sentence: string) => void) | undefined;
  /** Milliseconds since 1970. */
  readonly now?: (() => number) | undefined;
}

export interface Failure {
  /** Why another try is needed, as the end of a sentence. */
  readonly reason: string;
  /** The answer's header, where it has one: seconds, or a date (RFC 9110, section 10.2.3). */
  readonly retryAfter?: string | undefined;
  /** Whether everybody queues here, so that only time counts and not the number of tries. */
  readonly isQueue?: boolean;
}

export const maxTries = 6;
/** What one request waits for in a queue. With a reserved concurrency of 1 all publishers are in one. */
export const maxWaitMs = 120_000;
/** Shorter waits are not worth a line. */
const silentMs = 2_000;

/** At random, so that those who failed together do not return together. */
const backoffMs = (failures: number): number => (0.5 + Math.random() / 2) * Math.min(8_000, 250 * 2 ** failures);

/** Milliseconds; 0 where the header says nothing that can be understood. */
export function retryAfterMs(header: string | undefined, now: number): number {
  if (header === undefined) return 0;
  if (/^\d+$/.test(header)) return Number(header) * 1_000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? 0 : Math.max(0, date - now);
}

/** Whether another try may get another answer than one with this status. */
export const isTransient = (status: number): boolean => status === 408 || status === 429 || status >= 500;

/**
 * The one policy for whatever is tried again. The function that it gives waits before the next try of one request; false
 * where there is to be none.
 */
export function createRetry({ sleep, note, now = Date.now }: RetryOptions): (failure: Failure) => Promise<boolean> {
  let failures = 0;
  let waitedMs = 0;
  return async ({ reason, retryAfter, isQueue = false }) => {
    failures += 1;
    if (isQueue ? waitedMs >= maxWaitMs : failures >= maxTries) return false;
    const pauseMs = Math.max(backoffMs(failures - 1), retryAfterMs(retryAfter, now()));
    if (pauseMs > maxWaitMs) return false;
    waitedMs += pauseMs;
    if (pauseMs > silentMs) note?.(`waiting ${formatSeconds(pauseMs / 1_000)} to try again: ${reason}`);
    await sleep(pauseMs);
    return true;
  };
}

/** S3 answers 501 to what it never does. CloudFront answers 400 to too many requests. */
const mayPass = ({ status, body }: ExchangeResult): boolean =>
  (isTransient(status) && status !== 501) || /<Code>Throttling/.test(body);

export interface SendOptions extends RetryOptions {
  readonly send: Send;
}

/** Sends a signed request to a service of AWS; transient failures are retried. @throws Unavailable */
export async function sendSigned(
  signer: Pick<SignatureV4, 'sign'>,
  request: Signable & Pick<Exchange, 'idleTimeoutMs' | 'maxBodyBytes'>,
  { send, ...waiting }: SendOptions,
): Promise<ExchangeResult> {
  const { contentType: _, body, ...exchange } = request;
  const { origin } = request.url;
  const retry = createRetry(waiting);
  for (;;) {
    let failure: Failure;
    try {
      const headers = await signedHeaders(signer, request);
      const result = await send({ ...exchange, headers, ...(body === undefined ? {} : { body: Buffer.from(body) }) });
      if (!mayPass(result)) return result;
      failure = { reason: `${origin} answered ${result.status}`, retryAfter: result.headers?.['retry-after'] };
    } catch (error) {
      if (error instanceof Problem) throw error;
      failure = { reason: `${origin} cannot be reached: ${(error as Error).message}` };
    }
    if (!(await retry(failure))) throw new Unavailable(`${failure.reason}. Run the same command again.`);
  }
}

/** Every page of a listing. `ask` gets the cursor that the page before named in `next`. */
export async function* pages<Cursor extends string | number, Page extends { readonly next?: Cursor }>(
  ask: (after: Cursor | undefined) => Promise<Page>,
  first?: Cursor,
): AsyncGenerator<Page> {
  const asked = new Set<Cursor>();
  let after = first;
  do {
    if (after !== undefined) asked.add(after);
    const page = await ask(after);
    yield page;
    after = page.next;
    if (after !== undefined && asked.has(after))
      throw new Problem(
        502,
        'bad-answer',
        'The service answers with the same page again: check whether a proxy ignores the query of a URL.',
      );
  } while (after !== undefined);
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Does the work, and says how to go on if a signal ends the process meanwhile. */
export type WhenInterrupted = <Result>(say: () => void, work: () => Promise<Result>) => Promise<Result>;

/** For a process that nobody can interrupt but whoever ends the caller too. */
export const neverInterrupted: WhenInterrupted = (_, work) => work();

export const whenInterrupted: WhenInterrupted = async (say, work) => {
  const end = (signal: NodeJS.Signals): void => {
    for (const each of signals) process.off(each, end);
    say();
    // Whoever else listens ends the process; if nobody does, the signal ends it as if nobody ever had listened.
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
  };
  for (const signal of signals) process.on(signal, end);
  try {
    return await work();
  } finally {
    for (const signal of signals) process.off(signal, end);
  }
};

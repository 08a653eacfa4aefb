import { closeSync, ftruncateSync, openSync, writeFileSync } from 'node:fs';
import { Problem, Unavailable } from '../../domain/problem.ts';
import type { ImmutableLink } from '../../domain/urls.ts';
import { createRetry, type Exchange, type ExchangeResult, type RetryOptions, type Send } from '../api/http.ts';
import { assertPublicHost, publicLookup } from '../api/public-address.ts';
import { fileProblem } from '../files.ts';
import type { Progress } from '../text.ts';
import {
  assertIsFile,
  Broken,
  changedMeanwhile,
  continues,
  failureOf,
  type Head,
  type Identity,
  identityOf,
  linkOf,
  tooLarge,
} from './file-answer.ts';
import { noSpace } from './pack-source.ts';
import { authorizationFor, invalidUrl, redirectTarget, shownUrl } from './source-url.ts';

export interface DownloadOptions extends RetryOptions {
  readonly send: Send;
  readonly progress: Progress;
  readonly environment: NodeJS.ProcessEnv;
}

export interface DownloadTask {
  readonly url: URL;
  /** Of the file that is made. */
  readonly path: string;
  /** Whether the URL and its redirects may lead to this machine and to private networks. */
  readonly allowPrivate: boolean;
  /** Bytes. */
  readonly maxSize: number;
  /** Whether a page is what the channel takes. */
  readonly allowHtml: boolean;
  /** Whether http is followed to other machines too, for a service that has only that. */
  readonly allowHttp?: boolean;
  /** Sent to the URL's own origin. Without this key, what netrc has is sent where that origin answers 401. */
  readonly authorization?: string | undefined;
  /** The problem of an answer that another try would meet as well. */
  readonly refusal?: (url: URL, answer: ExchangeResult) => Problem;
  /** Looks at each Link. True: the content is known, and nothing more is read. */
  readonly isKnown: (link: ImmutableLink) => boolean;
}

export interface Downloaded {
  /** False where the Link told that the content is known. */
  readonly complete: boolean;
  /** The last Link on the way, as in Nix. */
  readonly link: ImmutableLink | undefined;
  /** The URL that sent the file. */
  readonly url: URL;
}

/** As many as Nix follows. */
const maxRedirects = 10;
const idleTimeoutMs = 60_000;
/** Of an answer that is not the file. */
const maxBodyBytes = 2_048;

/** Ends an answer whose Link told that the content is known. */
class Known extends Error {}

/** Downloads a file, follows redirects, and continues where a connection breaks. */
export async function download(options: DownloadOptions, task: DownloadTask): Promise<Downloaded> {
  const file = openTemporary(task.path);
  try {
    const running = new Download(options, task, file);
    let retry = createRetry(options);
    for (let before = 0; ; before = running.received) {
      const broken = await running.attempt().catch((error: unknown) => {
        if (error instanceof Problem) throw error;
        return error as Error & { code?: string };
      });
      if ('complete' in broken) return broken;
      if (running.received > before) retry = createRetry(options);
      const reason = `${running.at.origin} ${broken instanceof Broken ? broken.message : `cannot be reached: ${broken.message || broken.code}`}`;
      const retryAfter = broken instanceof Broken ? broken.retryAfter : undefined;
      if (!(await retry({ reason, retryAfter })))
        throw new Unavailable(`${reason}. Run the same command again later.`, broken);
    }
  } finally {
    options.progress.end();
    closeSync(file);
  }
}

function openTemporary(path: string): number {
  try {
    return openSync(path, 'ax', 0o600);
  } catch (error) {
    throw fileProblem('written', path, error);
  }
}

class Download {
  readonly #options: DownloadOptions;
  readonly #task: DownloadTask;
  readonly #file: number;
  #link: ImmutableLink | undefined;
  #identity: Identity | undefined;
  #authorization: string | undefined;
  /** Bytes that are in the file. */
  received = 0;
  /** The URL that was asked last. */
  at: URL;

  constructor(options: DownloadOptions, task: DownloadTask, file: number) {
    this.#options = options;
    this.#task = task;
    this.#file = file;
    this.at = task.url;
    this.#authorization = task.authorization;
  }

  /** The Link's URL once the file has begun: the URL that was given may lead to another file by then. */
  get #start(): URL {
    const { url } = this.#task;
    const immutable = this.#link?.url;
    return this.#identity === undefined || immutable === undefined || immutable.protocol !== url.protocol
      ? url
      : immutable;
  }

  async attempt(): Promise<Downloaded> {
    let url = this.#start;
    for (let redirects = 0; ; redirects += 1) {
      this.at = url;
      const answer = await this.#ask(url).catch((error: unknown) => {
        if (error instanceof Known) return undefined;
        throw error;
      });
      if (answer === undefined) return { complete: false, link: this.#link, url };
      const { status, headers = {} } = answer;
      const { location } = headers;
      if (this.#sees(answer)) return { complete: false, link: this.#link, url };
      if (status === 200 || status === 206) return this.#finish(url, answer);
      if (![301, 302, 303, 307, 308].includes(status) || location === undefined) throw this.#failure(url, answer);
      if (redirects === maxRedirects)
        throw invalidUrl(`${shownUrl(this.#task.url)} redirects more than ${maxRedirects} times.`);
      url = redirectTarget(url, location, this.#task.allowHttp);
    }
  }

  async #ask(url: URL): Promise<ExchangeResult> {
    const answer = await this.#send(url);
    const { url: given } = this.#task;
    const isKnown = 'authorization' in this.#task || this.#authorization !== undefined;
    if (answer.status !== 401 || isKnown || url.origin !== given.origin) return answer;
    this.#authorization = await authorizationFor(url, this.#options.environment);
    return this.#authorization === undefined ? answer : this.#send(url);
  }

  #send(url: URL): Promise<ExchangeResult> {
    const { url: given, allowPrivate } = this.#task;
    if (!allowPrivate) assertPublicHost(url);
    const credentials = url.origin === given.origin ? this.#authorization : undefined;
    const validator = this.#identity?.etag?.startsWith('"') ? this.#identity.etag : undefined;
    const exchange: Exchange = {
      method: 'GET',
      url,
      headers: {
        accept: '*/*',
        'accept-encoding': 'identity',
        ...(credentials === undefined ? {} : { authorization: credentials }),
        // Without a strong validator nothing tells whether the rest belongs to what is there, and the file is read again.
        ...(this.received > 0 && validator !== undefined
          ? { range: `bytes=${this.received}-`, 'if-range': validator }
          : {}),
      },
      idleTimeoutMs,
      maxBodyBytes,
      onBody: this.#writer(url),
      ...(allowPrivate ? {} : { lookup: publicLookup() }),
    };
    return this.#options.send(exchange);
  }

  #sees(answer: Head): boolean {
    const link = linkOf(answer);
    if (link === undefined) return false;
    this.#link = link;
    return this.#task.isKnown(link);
  }

  #restart(): void {
    ftruncateSync(this.#file, 0);
    this.received = 0;
  }

  /** Writes what arrives, once the answer's head and its first bytes are those of a file. */
  #writer(url: URL): NonNullable<Exchange['onBody']> {
    let begun = false;
    return (chunk, head) => {
      if (!begun) this.#begin(url, head, chunk);
      begun = true;
      try {
        writeFileSync(this.#file, chunk);
      } catch (error) {
        throw (error as NodeJS.ErrnoException).code === 'ENOSPC' ? noSpace(this.#options.environment) : error;
      }
      this.received += chunk.length;
      if (this.received > this.#task.maxSize) throw tooLarge(url, this.#task.maxSize);
      this.#options.progress.bytes(this.received);
    };
  }

  #begin(url: URL, head: Head, chunk: Buffer): void {
    const { status, headers = {} } = head;
    const identity = identityOf(head);
    if (this.#sees(head)) throw new Known();
    if (!continues(head, this.#identity, this.received)) throw changedMeanwhile(this.#task.url);
    if (status === 200) {
      if (this.received > 0) this.#restart();
      assertIsFile(url, headers, this.#task.allowHtml ? undefined : chunk);
    }
    if ((identity.size ?? 0) > this.#task.maxSize) throw tooLarge(url, this.#task.maxSize);
    if (this.#identity === undefined && identity.size !== undefined)
      this.#options.progress.begin('downloading', identity.size);
    this.#identity ??= identity;
  }

  #finish(url: URL, answer: Head): Downloaded {
    const size = this.#identity?.size;
    if (size !== undefined && this.received < size) throw new Broken('ended the file too early');
    if (this.received === 0) throw invalidUrl(`${shownUrl(url)} answers ${answer.status} with an empty file.`);
    return { complete: true, link: this.#link, url };
  }

  #failure(url: URL, answer: ExchangeResult): Error {
    const { status } = answer;
    if (this.#identity !== undefined && (status === 412 || status === 416)) return changedMeanwhile(this.#task.url);
    return failureOf(url, answer, this.#task.refusal);
  }
}

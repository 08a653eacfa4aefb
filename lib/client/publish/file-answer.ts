import { NotFound, Problem } from '../../domain/problem.ts';
import { formatBytes } from '../../domain/release.ts';
import { type ImmutableLink, parseImmutableLink } from '../../domain/urls.ts';
import { type ExchangeResult, isTransient } from '../api/http.ts';
import { netrcHost } from '../netrc/find.ts';
import { invalidUrl, shownUrl } from './source-url.ts';

/** An answer without its body. */
export type Head = Omit<ExchangeResult, 'body'>;

/** The last Link that Nix would take. Every header counts by itself; Node joins them into one. */
export function linkOf({ rawHeaders = [] }: Head): ImmutableLink | undefined {
  const links = rawHeaders.flatMap((name, index) =>
    index % 2 === 0 && name.toLowerCase() === 'link' ? [parseImmutableLink(rawHeaders[index + 1] ?? '')] : [],
  );
  return links.findLast((link) => link !== undefined);
}

/** By what a file is known to be the same when it is continued. */
export interface Identity {
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
  /** Of the whole file, in bytes. */
  readonly size: number | undefined;
}

export function identityOf({ status, headers = {} }: Head): Identity {
  const range = /^bytes \d+-\d+\/(\d{1,15})$/.exec(headers['content-range'] ?? '')?.[1];
  const size = status === 206 ? range : headers['content-length'];
  return {
    etag: headers.etag,
    lastModified: headers['last-modified'],
    size: size === undefined ? undefined : Number(size),
  };
}

/** An answer with a part need not repeat everything (RFC 9110, section 15.3.7). */
const differs = (one: Identity, other: Identity): boolean =>
  (['etag', 'lastModified', 'size'] as const).some(
    (key) => one[key] !== undefined && other[key] !== undefined && one[key] !== other[key],
  );

/** Whether an answer goes on at this byte with the file that an earlier answer began. */
export function continues(head: Head, before: Identity | undefined, received: number): boolean {
  if (before !== undefined && differs(before, identityOf(head))) return false;
  const begin = /^bytes (\d+)-/.exec(head.headers?.['content-range'] ?? '')?.[1];
  return head.status !== 206 || Number(begin) === received;
}

const isHtml = (type: string, start: Buffer): boolean =>
  /^\s*(?:text\/html|application\/xhtml\+xml)\b/i.test(type) ||
  /^\ufeff?\s*<(?:!doctype\s+html|html)[\s>]/i.test(start.subarray(0, 512).toString());

/**
 * Refuses an answer that is not the file itself.
 * @param start its first bytes; undefined where a page is welcome
 */
export function assertIsFile(url: URL, headers: NonNullable<Head['headers']>, start: Buffer | undefined): void {
  const { 'content-encoding': encoding = 'identity', 'content-type': type = '' } = headers;
  if (encoding !== 'identity')
    throw invalidUrl(
      `${shownUrl(url)} sends the file with the Content-Encoding ${encoding}, which was not asked for: download it and publish the file.`,
    );
  if (start !== undefined && isHtml(type, start))
    throw invalidUrl(`${shownUrl(url)} answers with an HTML page instead of a file: give the URL of the file itself.`);
}

export const tooLarge = (url: URL, maxSize: number): Problem =>
  invalidUrl(
    `${shownUrl(url)} is larger than the ${formatBytes(maxSize)} that its archive may unpack to: raise --max-unpacked.`,
  );

/** A file that is not what it was when its download began. */
export const changedMeanwhile = (url: URL): Problem =>
  new Problem(503, 'changed', `${shownUrl(url)} changed while it was read: run the same command again.`, {
    field: 'url',
  });

/** A failure that another try may not meet. */
export class Broken extends Error {
  readonly retryAfter: string | undefined;

  constructor(reason: string, retryAfter?: string) {
    super(reason);
    this.retryAfter = retryAfter;
  }
}

/** An answer with an error that another try would meet as well. */
function refusedAnswer(url: URL, { status }: Head): Problem {
  const place = shownUrl(url);
  if (status === 401 || status === 403) {
    const advice = `put a token for ${netrcHost(url)} into the netrc file of Nix (channelctl login)`;
    return new Problem(403, 'forbidden', `${place} refuses to send the file (${status}): ${advice}, or check the URL.`);
  }
  if (status === 404 || status === 410) return new NotFound(`${place} does not exist (${status}): check the URL.`);
  return invalidUrl(`${place} answers ${status} instead of a file: check the URL.`);
}

/** What an answer without the file comes to. @param refusal the problem of an answer that another try would meet as well */
export function failureOf(
  url: URL,
  answer: ExchangeResult,
  refusal: (url: URL, answer: ExchangeResult) => Problem = refusedAnswer,
): Broken | Problem {
  const { status, headers } = answer;
  return isTransient(status) ? new Broken(`answered ${status}`, headers?.['retry-after']) : refusal(url, answer);
}

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { PartUrl } from '../../api/answers.ts';
import { Problem, Unavailable } from '../../domain/problem.ts';
import { partLength, planParts } from '../../domain/release.ts';
import { createRetry, type ExchangeResult, type RetryOptions, type Send } from '../api/http.ts';
import { refuseFile } from './check-file.ts';

export interface PartUpload extends RetryOptions {
  readonly path: string;
  readonly partSize: number;
  readonly send: Send;
  /** Signs a part again; undefined if the bucket already has it. */
  readonly signAgain: (partNumber: number) => Promise<PartUrl | undefined>;
  /** Called for each part that arrived. */
  readonly onPart: (partNumber: number, bytes: number) => void;
}

const maxConcurrent = 4;
const idleTimeoutMs = 60_000;

const changed = (path: string): Problem =>
  refuseFile(path, 'changed while it was uploaded: publish it when it is complete');

const codeOf = (body: string): string => /<Code>(\w+)<\/Code>/.exec(body)?.[1] ?? '';

async function sendOnce(
  { path, partSize, send }: PartUpload,
  { partNumber, url, headers }: PartUrl,
): Promise<ExchangeResult> {
  const begin = (partNumber - 1) * partSize;
  const length = Number(headers['content-length']);
  const body = createReadStream(path, { start: begin, end: begin + length - 1, highWaterMark: 512 * 1024 });
  const short = new AbortController();
  // `send` listens as well, but only once it has a request; an error before that would be unhandled.
  body.on('error', () => {});
  body.once('end', () => {
    if (body.bytesRead < length) short.abort();
  });
  try {
    return await send({ method: 'PUT', url: new URL(url), headers, body, idleTimeoutMs, signal: short.signal });
  } catch (error) {
    throw short.signal.aborted ? changed(path) : error;
  } finally {
    body.destroy();
  }
}

/** Sends one part. Each further try has a new URL. */
async function sendPart(upload: PartUpload, part: PartUrl): Promise<void> {
  let current: PartUrl | undefined = part;
  const retry = createRetry(upload);
  while (current !== undefined) {
    let failure: string;
    let retryAfter: string | undefined;
    try {
      const { status, body, headers } = await sendOnce(upload, current);
      if (status === 200) break;
      const code = codeOf(body);
      if (code === 'BadDigest' || code === 'XAmzContentSHA256Mismatch' || code === 'IncompleteBody')
        throw changed(upload.path);
      failure = `the bucket answered ${status} ${code}`.trimEnd();
      retryAfter = headers?.['retry-after'];
    } catch (error) {
      if (error instanceof Problem) throw error;
      failure = (error as Error).message || String((error as { code?: unknown }).code);
    }
    if (!(await retry({ reason: `part ${part.partNumber} did not arrive (${failure})`, retryAfter })))
      throw new Unavailable(
        `Part ${part.partNumber} does not arrive (${failure}). Nothing was published: run the same command again.`,
      );
    current = await upload.signAgain(part.partNumber);
  }
  upload.onPart(part.partNumber, Number(part.headers['content-length']));
}

/** Sends parts, four at a time. The first one that fails for good ends all. */
export async function uploadParts(upload: PartUpload, parts: readonly PartUrl[]): Promise<void> {
  const waiting = parts.values();
  let failed = false;
  const work = async (): Promise<void> => {
    for (const part of waiting) {
      if (failed) return;
      await sendPart(upload, part).catch((error: unknown) => {
        failed = true;
        throw error;
      });
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: maxConcurrent }, work));
  const failure = ends.find(({ status }) => status === 'rejected');
  if (failure !== undefined) throw (failure as PromiseRejectedResult).reason;
}

async function md5Of(path: string, range: { readonly start?: number; readonly end?: number } = {}): Promise<Buffer> {
  const hash = createHash('md5');
  for await (const chunk of createReadStream(path, range)) hash.update(chunk as Buffer);
  return hash.digest();
}

/** Hexadecimal. */
export const md5OfFile = async (path: string): Promise<string> => (await md5Of(path)).toString('hex');

/** Base64, one for each part. */
export async function md5sOfParts(path: string, size: number): Promise<string[]> {
  const { partSize, count } = planParts(size);
  const md5s: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const start = index * partSize;
    md5s.push((await md5Of(path, { start, end: start + partLength(size, index + 1) - 1 })).toString('base64'));
  }
  return md5s;
}

import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tarballFormatOf } from '../../domain/names.ts';
import { formatBytes } from '../../domain/release.ts';
import { ArchiveRefused, LocalFailure } from '../../nar/archive-refused.ts';
import type { ArchiveWarning } from '../../nar/inspect.ts';
import { spoolDirectory } from '../../nar/spool.ts';
import type { Send } from '../api/http.ts';
import { withTemporaryFile } from '../files.ts';
import { checkFile } from '../publish/check-file.ts';
import { noProgress } from '../text.ts';
import { type Ask, type NoAnswer, unreachable } from './ask.ts';
import { type ReaderFinding, readerFinding } from './reader-finding.ts';

interface PermanentCheck {
  readonly findings: readonly ReaderFinding[];
  /** Where the bytes come from. */
  readonly bucket?: URL;
  /** How many there are, where the bucket said so. */
  readonly size?: number | undefined;
}

interface PermanentOptions {
  readonly ask: Ask;
  /** The credentials for an address of the service, if there are any. */
  readonly authorize: (url: URL) => Readonly<Record<string, string>>;
}

const isMissing = (answer: object): answer is NoAnswer => 'code' in answer;

/** S3 names its reason in XML. */
const reasonOf = (text: string): string => /<Code>([A-Za-z]{1,60})<\/Code>/.exec(text)?.[1] ?? '';

/** Whether the bucket hands out a byte to a presigned request, which carries no credentials of ours. */
async function checkBucket(subject: string, bucket: URL, { ask }: PermanentOptions): Promise<PermanentCheck> {
  const answer = await ask('GET', bucket, { range: 'bytes=0-0' });
  if (isMissing(answer)) return { findings: [unreachable('bucket-broken', bucket, answer)], bucket };
  if (answer.status === 206 || answer.status === 200) return { findings: [], bucket, size: answer.wholeSize };
  const reason = reasonOf(answer.text);
  const findings = [
    readerFinding(
      'bucket-broken',
      subject,
      `The bucket at ${bucket.host} refuses its bytes: ${answer.status}${reason === '' ? '' : ` ${reason}`}.`,
      'If proxies or firewalls let this machine reach the bucket, it is for the operator: channelctl doctor bucket.',
    ),
  ];
  return { findings, bucket };
}

/** Whether a permanent URL leads to its bytes, as npins asks (HEAD) and as Nix does. @param subject whose URL it is */
export async function checkPermanent(subject: string, url: URL, options: PermanentOptions): Promise<PermanentCheck> {
  const { ask, authorize } = options;
  const head = await ask('HEAD', url, authorize(url));
  if (isMissing(head)) return { findings: [unreachable('permanent-broken', url, head)] };
  const led = await ask('GET', url, authorize(url));
  if (isMissing(led)) return { findings: [unreachable('permanent-broken', url, led)] };
  const { location } = led;
  const bucket = location !== undefined && URL.canParse(location, url.href) ? new URL(location, url) : undefined;
  if (head.status !== 200 || led.status !== 307 || bucket === undefined) {
    const means = `${url.pathname} answers ${head.status} to HEAD and ${led.status} to GET${led.status < 400 ? '' : `: ${led.text.slice(0, 300)}`}`;
    const fix =
      led.status === 404 || led.status === 401
        ? 'Whoever has it locked cannot fetch it: get a token that opens its channel; if the release is gone, "nix flake update" moves the lock.'
        : 'Try again; if it stays so, tell the operator.';
    return { findings: [readerFinding('permanent-broken', subject, means, fix)] };
  }
  return checkBucket(subject, bucket, options);
}

interface StoredRelease {
  /** Whose archive it is. */
  readonly subject: string;
  readonly permanent: URL;
  readonly bucket: URL;
  /** Bytes. */
  readonly size: number;
}

interface ReleaseInspection {
  readonly findings: readonly ReaderFinding[];
  readonly warnings: readonly ArchiveWarning[];
}

export type InspectRelease = (release: StoredRelease) => Promise<ReleaseInspection>;

interface InspectReleaseOptions {
  readonly send: Send;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly authorities: readonly string[] | undefined;
}

/** A check in passing is not to cost more than this; larger archives are left to `channelctl inspect`. */
const maxDownloadBytes = 16 * 1024 ** 2;
const maxUnpackedBytes = 1024 ** 3;
const idleTimeoutMs = 35_000;

/** Downloads a release if it is small, and looks at it as publish does: releases of other tools were not looked at before. */
export const createInspectRelease =
  (options: InspectReleaseOptions): InspectRelease =>
  async ({ subject, permanent, bucket, size }) => {
    const { environment } = options;
    const format = tarballFormatOf(permanent.pathname);
    if (format === undefined) return nothing;
    if (size > maxDownloadBytes) {
      const limit = formatBytes(maxDownloadBytes);
      return notInspected(subject, `It has ${formatBytes(size)}; only up to ${limit} are downloaded for that`);
    }
    const bytes = await download(bucket, size, options);
    if (typeof bytes === 'string') return notInspected(subject, bytes);
    const path = join(spoolDirectory(environment), `channelctl-${randomUUID()}${format}`);
    try {
      const { warnings = [] } = await withTemporaryFile(path, async () => {
        await writeFile(path, bytes, { mode: 0o600, flag: 'wx' }).catch(cannotWrite);
        return checkFile(path, { environment, progress: noProgress, maxUnpacked: maxUnpackedBytes });
      });
      return { findings: [], warnings };
    } catch (error) {
      if (error instanceof ArchiveRefused) return refused(subject, error);
      if (error instanceof LocalFailure) return notInspected(subject, error.message);
      throw error;
    }
  };

const nothing: ReleaseInspection = { findings: [], warnings: [] };

/** Its bytes, or why there are none. */
async function download(
  bucket: URL,
  size: number,
  { send, authorities }: InspectReleaseOptions,
): Promise<Buffer | string> {
  const chunks: Buffer[] = [];
  let length = 0;
  const onBody = (chunk: Buffer): void => {
    length += chunk.length;
    if (length <= size) chunks.push(chunk);
  };
  try {
    const exchange = { method: 'GET', url: bucket, headers: { accept: '*/*' }, idleTimeoutMs, authorities, onBody };
    const { status } = await send(exchange);
    if (status !== 200) return `The bucket answered ${status}`;
    return length === size ? Buffer.concat(chunks) : `The bucket sent ${length} bytes of ${size}`;
  } catch (error) {
    const { code, message } = error as { code?: string; message?: string };
    return `The download broke off (${code ?? message ?? 'unknown'})`;
  }
}

const cannotWrite = (cause: NodeJS.ErrnoException): never => {
  const text = `The temporary file cannot be written (${cause.code}): set TMPDIR to another directory.`;
  throw new LocalFailure('unreadable', text, { cause });
};

const notInspected = (subject: string, why: string): ReleaseInspection => ({
  findings: [
    readerFinding(
      'archive-not-looked-at',
      subject,
      `Its archive was not looked at. ${why.replace(/\.?$/, '.')}`,
      'To look at it, download it and run channelctl inspect FILE.',
    ),
  ],
  warnings: [],
});

const refused = (subject: string, { message }: ArchiveRefused): ReleaseInspection => ({
  findings: [
    readerFinding(
      'archive-refused',
      subject,
      `Nix, or some of its versions and commands, cannot use its archive or reads it differently. ${message}`,
      'Tell the publisher: channelctl publish refuses it.',
    ),
  ],
  warnings: [],
});

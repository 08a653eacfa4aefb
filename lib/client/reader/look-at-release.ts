import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tarballFormatOf } from '../../domain/tarball-formats.ts';
import { ArchiveRefused } from '../../nar/archive-refused.ts';
import type { ArchiveWarning } from '../../nar/archive-warnings.ts';
import { humanSize } from '../../nar/limits.ts';
import { LocalFailure } from '../../nar/local-failure.ts';
import { spoolDirectory } from '../../nar/spool-directory.ts';
import type { Send } from '../http-exchange.ts';
import { lookAtFile } from '../look-at-file.ts';
import { withTemporaryFile } from '../temporary-file.ts';
import { type ReaderFinding, readerFinding } from './reader-finding.ts';

export interface StoredRelease {
  /** Whose archive it is. */
  readonly subject: string;
  readonly permanent: URL;
  readonly bucket: URL;
  /** Bytes. */
  readonly size: number;
}

export interface ReleaseLook {
  readonly findings: readonly ReaderFinding[];
  readonly warnings: readonly ArchiveWarning[];
}

export type LookAtRelease = (release: StoredRelease) => Promise<ReleaseLook>;

interface LookAtReleaseOptions {
  readonly send: Send;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly authorities: readonly string[] | undefined;
}

/** A check in passing is not to cost more than this; larger archives are left to `channelctl inspect`. */
const maxDownloadBytes = 16 * 1024 ** 2;
const maxUnpackedBytes = 1024 ** 3;
const idleMs = 35_000;

const silent = { begin: () => {}, bytes: () => {}, end: () => {} };

/** Downloads a release if it is small, and looks at it as publish does: releases of other tools were not looked at before. */
export const createLookAtRelease =
  (options: LookAtReleaseOptions): LookAtRelease =>
  async ({ subject, permanent, bucket, size }) => {
    const { environment } = options;
    const format = tarballFormatOf(permanent.pathname);
    if (format === undefined) return nothing;
    if (size > maxDownloadBytes) {
      const limit = humanSize(maxDownloadBytes);
      return notLookedAt(subject, `It has ${humanSize(size)}; only up to ${limit} are downloaded for that`);
    }
    const bytes = await download(bucket, size, options);
    if (typeof bytes === 'string') return notLookedAt(subject, bytes);
    const path = join(spoolDirectory(environment), `channelctl-${randomUUID()}${format}`);
    try {
      const { warnings = [] } = await withTemporaryFile(path, async () => {
        await writeFile(path, bytes, { mode: 0o600, flag: 'wx' }).catch(cannotWrite);
        return lookAtFile(path, { environment, progress: silent, maxUnpacked: maxUnpackedBytes });
      });
      return { findings: [], warnings };
    } catch (error) {
      if (error instanceof ArchiveRefused) return refused(subject, error);
      if (error instanceof LocalFailure) return notLookedAt(subject, error.message);
      throw error;
    }
  };

const nothing: ReleaseLook = { findings: [], warnings: [] };

/** Its bytes, or why there are none. */
async function download(
  bucket: URL,
  size: number,
  { send, authorities }: LookAtReleaseOptions,
): Promise<Buffer | string> {
  const chunks: Buffer[] = [];
  let length = 0;
  const onBody = (chunk: Buffer): void => {
    length += chunk.length;
    if (length <= size) chunks.push(chunk);
  };
  try {
    const exchange = { method: 'GET', url: bucket, headers: { accept: '*/*' }, idle: idleMs, authorities, onBody };
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

const notLookedAt = (subject: string, why: string): ReleaseLook => ({
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

const refused = (subject: string, { message }: ArchiveRefused): ReleaseLook => ({
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

import type { OpenUpload, PartUrl } from '../../lib/api/answers.ts';
import { Conflict } from '../../lib/api/problem.ts';
import { type ArchiveFacts, partLength, planParts, type ReleaseFacts } from '../../lib/domain/release.ts';
import { uploadsPrefix } from '../../lib/domain/store.ts';
import type { Presign } from '../../lib/store/read/presign.ts';
import type { StoredPart } from '../../lib/store/write/bucket-writer.ts';
import type { PublishOptions } from './observe-publish.ts';

/** Enough for the parts of one answer on a slow line; later parts are signed again. */
const urlLifetimeSeconds = 3_600;

interface UploadToSign {
  readonly key: string;
  readonly uploadId: string;
  readonly size: number;
  /** In base64, one for each part. */
  readonly partSha256s: readonly string[];
  /** Where the store verifies parts by MD5 instead. */
  readonly partMd5s?: readonly string[];
}

function checksumHeaders({ partSha256s, partMd5s }: UploadToSign, index: number): Readonly<Record<string, string>> {
  if (partMd5s !== undefined) return { 'content-md5': partMd5s[index] as string };
  // Ceph verifies a checksum header only together with the other header.
  return { 'x-amz-checksum-sha256': partSha256s[index] as string, 'x-amz-sdk-checksum-algorithm': 'SHA256' };
}

/** A URL for one part, which is valid only for its length and checksum. */
export async function signPart(presign: Presign, upload: UploadToSign, partNumber: number): Promise<PartUrl> {
  const headers = {
    'content-length': String(partLength(upload.size, partNumber)),
    ...checksumHeaders(upload, partNumber - 1),
  };
  const query = { partNumber: String(partNumber), uploadId: upload.uploadId };
  const url = await presign({ method: 'PUT', key: upload.key, expiresInSeconds: urlLifetimeSeconds, query, headers });
  return { partNumber, url, headers };
}

/** On this code the command starts a new upload. */
export const uploadGone = (): Conflict => new Conflict('upload-gone', 'The upload no longer exists: publish again.');

/** The declaration of an open upload, by which its parts are signed and checked: S3 itself only lists the parts that arrived. */
export interface UploadState {
  readonly upload: string;
  readonly key: string;
  readonly release: string;
  /** S3's own ID; null where the bytes are already in the bucket and only the record has to be changed. */
  readonly uploadId: string | null;
  readonly size: number;
  readonly sha256: string;
  readonly partSha256s: readonly string[];
  /** Where the store verifies parts by MD5 instead. */
  readonly partMd5s?: readonly string[];
  readonly md5?: string;
  readonly facts: ReleaseFacts;
  readonly archive?: ArchiveFacts;
  readonly packed?: boolean;
}

export const uploadStateKey = (channel: string, upload: string): string => `${uploadsPrefix}${channel}/${upload}.json`;

/**
 * Only this service writes these, so they need no validation. Where the text was cut on its way, or is damaged, the upload counts as
 * gone: the command then starts a new one.
 */
export function parseUploadState(text: string): UploadState {
  try {
    return JSON.parse(text) as UploadState;
  } catch {
    throw uploadGone();
  }
}

export const formatUploadState = (state: UploadState): string => JSON.stringify(state);

/** Keeps the answer well under 6 MB, the limit of a function. */
const maxPartUrls = 500;

/** Whether a part that arrived is the declared one. */
export function isAsDeclared(
  { partNumber, size, sha256, etag }: StoredPart,
  { size: fileSize, partSha256s, partMd5s }: UploadState,
): boolean {
  if (size !== partLength(fileSize, partNumber)) return false;
  if (partMd5s === undefined) return sha256 === partSha256s[partNumber - 1];
  const md5 = Buffer.from(partMd5s[partNumber - 1] ?? '', 'base64').toString('hex');
  return etag.replaceAll('"', '') === md5;
}

export async function signParts(
  { bucket, presign }: Pick<PublishOptions, 'bucket' | 'presign'>,
  state: UploadState,
  after: number,
): Promise<OpenUpload> {
  const { upload, key, uploadId, size } = state;
  const { partSize, count } = planParts(size);
  const open = { status: 'open', upload, partSize } as const;
  const allParts = Array.from({ length: count }, (_, index) => index + 1);
  if (uploadId === null) return { ...open, arrived: allParts, parts: [] };
  const stored = await bucket.listParts(key, uploadId);
  if (stored === undefined) {
    // It was aborted, or completed by a run whose answer was lost.
    if ((await bucket.head(key)) === undefined) throw uploadGone();
    return { ...open, arrived: allParts, parts: [] };
  }
  const arrived = stored.filter((part) => isAsDeclared(part, state)).map(({ partNumber }) => partNumber);
  const isArrived = new Set(arrived);
  const missing = allParts.filter((partNumber) => partNumber > after && !isArrived.has(partNumber));
  const parts = await Promise.all(
    missing.slice(0, maxPartUrls).map((partNumber) => signPart(presign, { ...state, uploadId }, partNumber)),
  );
  const next = missing.length > maxPartUrls ? parts.at(-1)?.partNumber : undefined;
  return { ...open, arrived, parts, ...(next === undefined ? {} : { next }) };
}

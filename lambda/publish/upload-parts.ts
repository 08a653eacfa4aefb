import type { OpenUpload, PartUrl } from '../../lib/api/answers.ts';
import { Conflict } from '../../lib/api/problem.ts';
import type { ArchiveFacts, ReleaseFacts } from '../../lib/domain/release.ts';
import { partLength, planParts, uploadsPrefix } from '../../lib/domain/store.ts';
import type { Presign } from '../../lib/store/read/presign.ts';
import type { StoredPart } from '../../lib/store/write/bucket-writer.ts';
import type { PublishOptions } from './publish-options.ts';

/** Seconds. A slow line needs that long for the parts of one answer; after it they are signed anew. */
const lifetime = 3_600;

interface UploadToSign {
  readonly key: string;
  readonly uploadId: string;
  readonly size: number;
  /** Base64, one a part. */
  readonly partSha256s: readonly string[];
  /** The same in MD5, where the store checks parts by it instead. */
  readonly partMd5s?: readonly string[];
}

function checksumHeaders({ partSha256s, partMd5s }: UploadToSign, index: number): Readonly<Record<string, string>> {
  if (partMd5s !== undefined) return { 'content-md5': partMd5s[index] as string };
  // Ceph verifies a checksum header only beside the other one.
  return { 'x-amz-checksum-sha256': partSha256s[index] as string, 'x-amz-sdk-checksum-algorithm': 'SHA256' };
}

/** A URL for one part, bound to its length and its checksum. */
export async function signPart(presign: Presign, upload: UploadToSign, partNumber: number): Promise<PartUrl> {
  const headers = {
    'content-length': String(partLength(upload.size, partNumber)),
    ...checksumHeaders(upload, partNumber - 1),
  };
  const query = { partNumber: String(partNumber), uploadId: upload.uploadId };
  const url = await presign({ method: 'PUT', key: upload.key, expiresInSeconds: lifetime, query, headers });
  return { partNumber, url, headers };
}

/** The command begins a new upload when it meets this code. */
export const uploadGone = (): Conflict => new Conflict('upload-gone', 'The upload is no longer open: publish again.');

/**
 * What is kept of an open upload, because S3 tells of one only which parts arrived: the declaration that its parts are signed
 * and checked by. It lies under a prefix that the bucket's lifecycle empties, and that no reader can reach.
 */
export interface UploadState {
  readonly upload: string;
  readonly key: string;
  readonly release: string;
  /** S3's own id; null when the bytes are in the bucket already and only the record has to follow. */
  readonly uploadId: string | null;
  readonly size: number;
  readonly sha256: string;
  readonly partSha256s: readonly string[];
  /** Of parts that are checked by it instead. */
  readonly partMd5s?: readonly string[];
  readonly md5?: string;
  readonly facts: ReleaseFacts;
  readonly archive?: ArchiveFacts;
  readonly packed?: boolean;
}

export const uploadStateKey = (channel: string, upload: string): string => `${uploadsPrefix}${channel}/${upload}.json`;

/** Only we write these, so what is there is what was written. */
export const parseUploadState = (text: string): UploadState => JSON.parse(text) as UploadState;

export const formatUploadState = (state: UploadState): string => JSON.stringify(state);

/** So that an answer stays well under the 6 MB that a function may give. */
const mostParts = 500;

/** Whether a part in the bucket is the declared one. */
export function isAsDeclared(
  { partNumber, size, sha256, etag }: StoredPart,
  { size: whole, partSha256s, partMd5s }: UploadState,
): boolean {
  if (size !== partLength(whole, partNumber)) return false;
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
  const everyPart = Array.from({ length: count }, (_, index) => index + 1);
  if (uploadId === null) return { ...open, arrived: everyPart, parts: [] };
  const stored = await bucket.listParts(key, uploadId);
  if (stored === undefined) {
    // Completed by a run whose answer was lost, or aborted.
    if ((await bucket.head(key)) === undefined) throw uploadGone();
    return { ...open, arrived: everyPart, parts: [] };
  }
  const arrived = stored.filter((part) => isAsDeclared(part, state)).map(({ partNumber }) => partNumber);
  const there = new Set(arrived);
  const missing = everyPart.filter((partNumber) => partNumber > after && !there.has(partNumber));
  const parts = await Promise.all(
    missing.slice(0, mostParts).map((partNumber) => signPart(presign, { ...state, uploadId }, partNumber)),
  );
  const next = missing.length > mostParts ? parts.at(-1)?.partNumber : undefined;
  return { ...open, arrived, parts, ...(next === undefined ? {} : { next }) };
}

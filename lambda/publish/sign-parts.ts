import { partLength, planParts } from '../../lib/domain/part-plan.ts';
import type { StoredPart } from '../../lib/store/write/bucket-writer.ts';
import { type PartUrl, signPart } from '../../lib/store/write/part-urls.ts';
import type { PublishOptions } from './publish-options.ts';
import { uploadGone } from './upload-gone.ts';
import type { UploadState } from './upload-state.ts';

/** So that an answer stays well under the 6 MB that a function may give. */
const mostParts = 500;

/** What a publisher is told of an upload that is open. */
export interface OpenUpload {
  readonly status: 'open';
  readonly upload: string;
  /** Bytes. */
  readonly partSize: number;
  /** The numbers of the parts that are there as declared. */
  readonly arrived: readonly number[];
  /** The next parts that are missing. */
  readonly parts: readonly PartUrl[];
  /** Ask again after this part for the URLs of the rest; absent when these are all. */
  readonly next?: number;
}

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

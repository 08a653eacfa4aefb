/** What the bucket's store can do, and what is uploaded to it. Stores other than Amazon S3 differ: docs/storage.md. */

/** `required`: the store must honour conditional writes. `serialised`: it does not, so a single writer compares before it writes. */
export const conditionalWrites = ['required', 'serialised'] as const;
export type ConditionalWrites = (typeof conditionalWrites)[number];

/** Which checksum the store verifies the parts of an upload by. Cloudflare R2 accepts no SHA-256 of a part. */
export const partChecksums = ['sha256', 'md5'] as const;
export type PartChecksum = (typeof partChecksums)[number];

/** What is kept of open uploads has this prefix. The bucket's lifecycle empties it, and no reader can reach it. */
export const uploadsPrefix = 'uploads/';

const mebibyte = 1024 * 1024;
const minPartBytes = 16 * mebibyte;
/** Amazon S3 multipart upload limits: 10,000 parts, 5 TiB an object. */
const maxParts = 10_000;
export const maxFileBytes = 5 * 1024 ** 4;

interface PartPlan {
  readonly partSize: number;
  readonly count: number;
}

/** How a file is cut into parts. It depends only on the size in bytes, so that a later run cuts the file the same way. */
export function planParts(size: number): PartPlan {
  const partSize = Math.max(minPartBytes, Math.ceil(size / maxParts / mebibyte) * mebibyte);
  return { partSize, count: Math.max(1, Math.ceil(size / partSize)) };
}

/** The length in bytes of the part with this number (the first is 1). */
export const partLength = (size: number, partNumber: number): number => {
  const { partSize } = planParts(size);
  return Math.min(partSize, size - (partNumber - 1) * partSize);
};

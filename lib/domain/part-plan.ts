const mebibyte = 1024 * 1024;
const smallestPart = 16 * mebibyte;
/** Amazon S3 multipart upload limits: 10,000 parts, 5 TiB an object. */
const mostParts = 10_000;
export const largestFile = 5 * 1024 ** 4;

export interface PartPlan {
  readonly partSize: number;
  readonly count: number;
}

/** How a file is cut into parts, from its size in bytes alone, so that a later run cuts it the same. */
export function planParts(size: number): PartPlan {
  const partSize = Math.max(smallestPart, Math.ceil(size / mostParts / mebibyte) * mebibyte);
  return { partSize, count: Math.max(1, Math.ceil(size / partSize)) };
}

/** The length in bytes of the part with this number (the first is 1). */
export const partLength = (size: number, partNumber: number): number => {
  const { partSize } = planParts(size);
  return Math.min(partSize, size - (partNumber - 1) * partSize);
};

import { createHash } from 'node:crypto';
import { Crc32, Crc32c, Crc64Nvme } from '@aws-sdk/checksums/crc';

interface RunningChecksum {
  readonly update: (chunk: Uint8Array) => unknown;
  readonly digest: () => Promise<Uint8Array>;
}

interface ChecksumAlgorithm {
  readonly bytes: number;
  readonly start: () => RunningChecksum;
}

function cryptoHash(name: string): RunningChecksum {
  const running = createHash(name);
  return { update: (chunk) => running.update(chunk), digest: async () => running.digest() };
}

/** The algorithms of S3's additional checksums, by their names in `x-amz-checksum-algorithm`. */
export const checksum = {
  CRC32: { bytes: 4, start: () => new Crc32() },
  CRC32C: { bytes: 4, start: () => new Crc32c() },
  CRC64NVME: { bytes: 8, start: () => new Crc64Nvme() },
  SHA1: { bytes: 20, start: () => cryptoHash('sha1') },
  SHA256: { bytes: 32, start: () => cryptoHash('sha256') },
} as const satisfies Record<string, ChecksumAlgorithm>;

export type ChecksumName = keyof typeof checksum;

export interface ObjectChecksum {
  readonly algorithm: ChecksumName;
  readonly type: 'COMPOSITE' | 'FULL_OBJECT';
}

/** The headers with an object's checksum. */
export function checksumHeaders(
  checksum: (ObjectChecksum & { readonly value: string }) | undefined,
): Record<string, string> {
  if (!checksum) return {};
  return {
    [`x-amz-checksum-${checksum.algorithm.toLowerCase()}`]: checksum.value,
    'x-amz-checksum-type': checksum.type,
  };
}

/** The checksum of a sequence of bytes, in base64. */
export async function checksumOf(
  algorithm: ChecksumName,
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<string> {
  const running = checksum[algorithm].start();
  for await (const chunk of chunks) running.update(chunk);
  return Buffer.from(await running.digest()).toString('base64');
}

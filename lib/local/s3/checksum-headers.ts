import type { ObjectChecksum } from './checksum.ts';

/** How an answer tells an object's checksum. */
export function checksumHeaders(
  checksum: (ObjectChecksum & { readonly value: string }) | undefined,
): Record<string, string> {
  if (!checksum) return {};
  return {
    [`x-amz-checksum-${checksum.algorithm.toLowerCase()}`]: checksum.value,
    'x-amz-checksum-type': checksum.type,
  };
}

/** By what the store checks the parts of an upload. Cloudflare R2 takes no part with its SHA-256 (docs/storage.md). */
export type PartChecksum = 'sha256' | 'md5';

export const partChecksums = ['sha256', 'md5'] as const satisfies readonly PartChecksum[];

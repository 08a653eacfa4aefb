export type Compression = 'none' | 'gzip' | 'xz' | 'zstd' | 'bzip2';

/** How a file is compressed, from its first bytes; Nix goes by them too, not by the name. Undefined for what only others read. */
export function compressionOf(start: Buffer): Compression | undefined {
  const begins = (hex: string) => start.subarray(0, hex.length / 2).toString('hex') === hex;
  if (begins('1f8b08')) return 'gzip';
  if (begins('fd377a585a00')) return 'xz';
  if (begins('28b52ffd') || /^5[0-9a-f]2a4d18$/.test(start.subarray(0, 4).toString('hex'))) return 'zstd';
  if (/^BZh[1-9]$/.test(start.toString('latin1', 0, 4))) return 'bzip2';
  if (begins('04224d18') || begins('504b0304') || begins('1f9d') || begins('5d0000')) return undefined;
  return 'none';
}

export interface Limits {
  /** Bytes of the tar and, counted by itself, of all files once expanded: holes of sparse files and hard links included. */
  readonly maxUnpacked: number;
  readonly maxEntries: number;
  /** Names and link targets together, because they stay in memory. */
  readonly maxNameBytes: number;
}

const gib = 1024 ** 3;

export const defaultLimits: Limits = { maxUnpacked: 20 * gib, maxEntries: 1_000_000, maxNameBytes: gib / 4 };

/** NAME_MAX of Linux, which Nix's store needs. */
export const longestName = 255;

/** Linux's PATH_MAX with its NUL. */
export const longestPath = 4095;

/** Nix 2.34 refuses 64 levels, 2.26 crashes from 58 on. */
export const deepestLevel = 50;

export function humanSize(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`;
  const power = Math.min(4, Math.floor(Math.log2(bytes) / 10));
  return `${Number((bytes / 1024 ** power).toFixed(1))} ${['', 'KiB', 'MiB', 'GiB', 'TiB'][power]}`;
}

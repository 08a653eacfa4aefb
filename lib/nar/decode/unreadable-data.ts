import { ArchiveRefused } from '../archive-refused.ts';
import type { Compression } from './compression.ts';

type Compressed = Exclude<Compression, 'none'>;

export function cutOff(compression: Compressed, cause?: unknown): ArchiveRefused {
  return new ArchiveRefused(`is cut off: its ${compression} data ends too early`, undefined, { cause });
}

export function damaged(compression: Compressed, cause?: unknown): ArchiveRefused {
  return new ArchiveRefused(`is damaged: its ${compression} data cannot be read`, undefined, { cause });
}

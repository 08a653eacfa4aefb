import { ArchiveRefused } from '../../archive-refused.ts';

export function damagedBzip2(): ArchiveRefused {
  return new ArchiveRefused('is damaged: its bzip2 data cannot be read');
}

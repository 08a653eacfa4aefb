import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { ByteRange } from './byte-range.ts';
import type { BlobFiles } from './store/blob-files.ts';
import type { Blob } from './store/records.ts';

const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0);

/** The bytes from first to last of blobs that follow each other. Whoever calls it holds them. */
export async function* readBlobs(
  files: BlobFiles,
  blobs: readonly Blob[],
  { first, last }: ByteRange,
): AsyncGenerator<Buffer> {
  let begin = 0;
  for (const blob of blobs) {
    const [start, end] = [Math.max(first - begin, 0), Math.min(last - begin, blob.size - 1)];
    if (start <= end) {
      const file = await open(files.path(blob), flags);
      yield* file.createReadStream({ start, end, highWaterMark: 256 * 1024 });
    }
    begin += blob.size;
  }
}

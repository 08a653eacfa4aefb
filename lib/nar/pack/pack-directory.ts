import { compressed } from './compressed.ts';
import type { PackEntry } from './pack-entry.ts';
import { tarOfEntries } from './tar-of-entries.ts';

export interface PackOptions {
  /** `.tar`, `.tar.gz`, `.tgz`, `.tar.xz` or `.tar.zst`. */
  readonly extension: string;
  /** The age of every entry, in seconds. */
  readonly lastModified: number;
  readonly signal?: AbortSignal;
  /** Told how many bytes of the files were just read. */
  readonly onRead?: (bytes: number) => void;
}

/**
 * An archive that Nix unpacks to exactly these entries, piece by piece. The tar in it is the same on every machine. Throws
 * ArchiveRefused and LocalFailure.
 */
export async function* packDirectory(
  entries: readonly PackEntry[],
  { extension, lastModified, signal = new AbortController().signal, onRead = () => {} }: PackOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (!Number.isSafeInteger(lastModified) || lastModified < 0)
    throw new RangeError('lastModified must be whole seconds');
  for await (const chunk of compressed(gathered(tarOfEntries(entries, lastModified, onRead)), extension, signal)) {
    signal.throwIfAborted();
    yield chunk;
  }
}

const gatheredSize = 256 * 1024;

/** Headers and small files in larger pieces, which compressors take faster. */
async function* gathered(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  let held: Buffer[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    held.push(chunk);
    size += chunk.length;
    if (size < gatheredSize) continue;
    yield Buffer.concat(held);
    held = [];
    size = 0;
  }
  yield Buffer.concat(held);
}

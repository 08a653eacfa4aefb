import { pipeline, Readable, type Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import { LocalFailure } from '../archive-refused.ts';
import { encodeXz, inPieces } from '../xz/encode.ts';
import type { PackEntry } from './entries.ts';
import { tarOfEntries } from './write-tar.ts';

type Bytes = AsyncGenerator<Buffer, void, undefined>;

/** The tar, compressed by its extension with fixed settings: the same version of the library gives the same bytes. */
export function compressed(tar: Bytes, extension: string, signal: AbortSignal): AsyncIterable<Uint8Array> {
  switch (extension) {
    case '.tar':
      return tar;
    case '.tar.gz':
    case '.tgz':
      return through(tar, zlib.createGzip({ level: 9 }));
    case '.tar.zst':
      return through(tar, zstd());
    case '.tar.xz':
      return encodeXz(tar, { signal });
    default: {
      const known = '.tar.xz, .tar.zst, .tar.gz, .tgz or .tar';
      throw new LocalFailure('unsupported', `A directory cannot be packed as ${extension}; choose ${known}.`);
    }
  }
}

function through(tar: Bytes, engine: Transform): AsyncIterable<Uint8Array> {
  pipeline(Readable.from(tar), engine, () => {});
  return engine;
}

function zstd(): Transform {
  if (typeof zlib.createZstdCompress !== 'function') {
    throw new LocalFailure('unsupported', `Node ${process.version} cannot write zstd; run this with Node 24.`);
  }
  const { ZSTD_c_compressionLevel: level, ZSTD_c_checksumFlag: checksum } = zlib.constants;
  return zlib.createZstdCompress({ params: { [level]: 19, [checksum]: 1 } });
}

/** Compressors are faster with larger pieces than headers and small files. */
const pieceBytes = 256 * 1024;

interface PackOptions {
  /** `.tar`, `.tar.gz`, `.tgz`, `.tar.xz` or `.tar.zst`. */
  readonly extension: string;
  /** The time of every entry, in seconds. */
  readonly lastModified: number;
  readonly signal?: AbortSignal;
  /** Called with the number of bytes of the files that were just read. */
  readonly onRead?: (bytes: number) => void;
}

/**
 * An archive that Nix unpacks to exactly these entries. The tar in it is the same on every machine. Throws ArchiveRefused and
 * LocalFailure.
 */
export async function* packDirectory(
  entries: readonly PackEntry[],
  { extension, lastModified, signal = new AbortController().signal, onRead = () => {} }: PackOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (!Number.isSafeInteger(lastModified) || lastModified < 0)
    throw new RangeError('lastModified must be whole seconds');
  for await (const chunk of compressed(
    inPieces(tarOfEntries(entries, lastModified, onRead), pieceBytes),
    extension,
    signal,
  )) {
    signal.throwIfAborted();
    yield chunk;
  }
}

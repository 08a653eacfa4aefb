import { PassThrough, pipeline, Readable, type Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import { LocalFailure } from '../archive-refused.ts';
import type { ChunkSource } from '../decode/source.ts';
import { lzmaCode, runLiblzma } from '../xz/liblzma.ts';
import type { PackEntry } from './entries.ts';
import { tarOfEntries } from './write-tar.ts';

type Bytes = AsyncGenerator<Buffer, void, undefined>;

/** The tar compressed as the extension says. Settings are fixed; the same library gives the same bytes. */
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
      return xz(tar, signal);
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

function xz(tar: Bytes, signal: AbortSignal): AsyncIterable<Uint8Array> {
  const output = new PassThrough();
  const source: ChunkSource = { next: async () => (await tar.next()).value ?? undefined };
  const write = (bytes: Uint8Array) =>
    new Promise<void>((resolve, reject) => {
      output.once('close', reject);
      output.write(bytes.slice(), () => {
        output.off('close', reject);
        resolve();
      });
    });
  runLiblzma('encode', source, write, signal).then(
    (code) => {
      if (code === lzmaCode.streamEnd) output.end();
      else output.destroy(new Error(`liblzma failed with ${code}`));
    },
    (error) => output.destroy(error),
  );
  return output;
}

interface PackOptions {
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

import { ArchiveRefused } from '../archive-refused.ts';
import type { Spool } from '../spool.ts';
import { decodeXz } from '../xz/liblzma.ts';
import { decodeByProcess, maxXzMemory, type Programs, requiredBzip2 } from './by-program.ts';
import { assertReadsZstd, decodeGzip, decodeZstd, nodeHasZstd, zstdArguments } from './by-zlib.ts';
import { type ChunkSource, compressionOf, Intake } from './source.ts';

const xzArguments = ['-dc', '-T0', `--memlimit-decompress=${maxXzMemory.replace(' ', '')}`];

/** Decodes the file into the spool, by its first bytes. What follows the compressed data may stay unread. */
export async function decodeArchive(
  source: ChunkSource,
  spool: Spool,
  programs: Programs,
  signal: AbortSignal,
  nodeZstd = nodeHasZstd,
): Promise<void> {
  const first = await source.next();
  if (first === undefined) throw new ArchiveRefused('is an empty file');
  const whole = startingWith(first, source);
  switch (compressionOf(first)) {
    case 'xz':
      if (programs.xz) return decodeByProcess('xz', programs.xz, xzArguments, whole, spool, signal);
      return decodeXz(whole, spool, signal);
    case 'bzip2':
      return decodeByProcess('bzip2', requiredBzip2(programs), ['-dc'], whole, spool, signal);
    case 'gzip':
      return decodeGzip(new Intake(whole), spool, signal);
    case 'zstd':
      assertReadsZstd(programs, nodeZstd);
      if (!nodeZstd && programs.zstd)
        return decodeByProcess('zstd', programs.zstd, zstdArguments, whole, spool, signal);
      return decodeZstd(new Intake(whole), spool, signal);
    case 'none':
      return copy(whole, spool, signal);
  }
}

function startingWith(first: Buffer, rest: ChunkSource): ChunkSource {
  let begun = false;
  return {
    next: async () => {
      if (begun) return rest.next();
      begun = true;
      return first;
    },
  };
}

async function copy(source: ChunkSource, spool: Spool, signal: AbortSignal): Promise<void> {
  for (let chunk = await source.next(); chunk !== undefined; chunk = await source.next()) {
    signal.throwIfAborted();
    await spool.append(chunk);
  }
}

import { lzmaCode, runLiblzma } from '../liblzma/run-liblzma.ts';
import { LocalFailure } from '../local-failure.ts';
import type { Spool } from '../spool.ts';
import type { ChunkSource } from './chunk-source.ts';
import { maxXzMemory } from './decode-by-process.ts';
import { cutOff, damaged } from './unreadable-data.ts';

/** xz where there is no program of that name. Trailing garbage is refused, as xz does. */
export async function decodeXz(source: ChunkSource, spool: Spool, signal: AbortSignal): Promise<void> {
  const code = await runLiblzma('decode', source, (bytes) => spool.append(bytes), signal);
  if (code === lzmaCode.streamEnd) return;
  if (code === lzmaCode.buffer) throw cutOff('xz');
  if (code === lzmaCode.memory || code === lzmaCode.memoryLimit) {
    throw new LocalFailure(
      'unsupported',
      `The archive needs more than 200 MiB of memory to unpack: install the program xz, with which the limit is ${maxXzMemory}.`,
    );
  }
  if (code === lzmaCode.options) {
    throw new LocalFailure('unsupported', 'The archive is compressed with xz filters that are not known here.');
  }
  throw damaged('xz', code);
}

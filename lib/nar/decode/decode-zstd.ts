import * as zlib from 'node:zlib';
import { ArchiveRefused } from '../archive-refused.ts';
import { LocalFailure } from '../local-failure.ts';
import type { Spool } from '../spool.ts';
import type { Intake } from './intake.ts';
import type { Programs } from './programs.ts';
import { runEngine } from './run-engine.ts';
import { cutOff, damaged } from './unreadable-data.ts';

const frameMagic = 0xfd2fb528;

/** Node 20 has none, and neither has 22 before 22.15. */
export const nodeHasZstd = typeof zlib.createZstdDecompress === 'function';

/** The window is what Nix takes at most. */
export const zstdArguments = ['-dcq', '--memory=128MiB'];
export const windowTooLarge = 'needs a zstd window over 128 MiB, which Nix refuses';

/** Throws where nothing on this machine reads zstd. */
export function assertReadsZstd({ zstd }: Programs, nodeZstd = nodeHasZstd): void {
  if (nodeZstd || zstd !== undefined) return;
  const text = `Node ${process.version} cannot read zstd: install the program zstd, or run this with Node 22.15 or newer.`;
  throw new LocalFailure('unsupported', text);
}

/** RFC 8878, frame after frame: Node's decompressor stops after the first. Anything that follows and is no frame is refused. */
export async function decodeZstd(intake: Intake, spool: Spool, signal: AbortSignal): Promise<void> {
  while (await intake.hold(1)) {
    if (!(await intake.hold(4))) throw garbage();
    const magic = intake.held.readUInt32LE(0);
    if (magic === frameMagic) {
      const engine = zlib.createZstdDecompress({ chunkSize: 256 * 1024 });
      await runEngine(engine, intake, signal, (chunk) => spool.append(chunk)).catch(refuse);
    } else if ((magic & 0xfffffff0) >>> 0 === 0x184d2a50) await skipFrame(intake);
    else throw garbage();
  }
}

async function skipFrame(intake: Intake): Promise<void> {
  if (!(await intake.hold(8))) throw cutOff('zstd');
  let left = 8 + intake.held.readUInt32LE(4);
  while (left > 0) {
    if (!(await intake.hold(1))) throw cutOff('zstd');
    const n = Math.min(left, intake.held.length);
    intake.use(n);
    left -= n;
  }
}

function garbage(): ArchiveRefused {
  return new ArchiveRefused('is damaged: something follows its zstd data');
}

function refuse(cause: NodeJS.ErrnoException): never {
  const code = cause.code ?? '';
  if (code === 'Z_BUF_ERROR') throw cutOff('zstd');
  if (code === 'ZSTD_error_frameParameter_windowTooLarge') {
    throw new ArchiveRefused(windowTooLarge, undefined, { cause });
  }
  if (!code.startsWith('Z') || code.includes('memory')) throw cause;
  throw damaged('zstd', cause);
}

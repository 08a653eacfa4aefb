import type { Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import { crc32, createInflateRaw } from 'node:zlib';
import { ArchiveRefused, LocalFailure } from '../archive-refused.ts';
import { cutOff, damaged, type Intake, type Programs, windowTooLarge } from '../file.ts';
import type { Spool } from '../spool.ts';

/** A decompressor of node:zlib. */
type Engine = Transform & { readonly bytesWritten: number };

/**
 * Decodes one stream, and leaves what follows it in the intake. Rejects when the stream is damaged or cut off.
 */
async function runEngine(
  engine: Engine,
  intake: Intake,
  signal: AbortSignal,
  onOutput: (chunk: Buffer) => Promise<void>,
): Promise<void> {
  let over = false;
  const reading = (async () => {
    for await (const chunk of engine) {
      signal.throwIfAborted();
      await onOutput(chunk);
    }
  })().finally(() => {
    over = true;
  });
  const feeding = async () => {
    while (!over) {
      if (!(await intake.hold(1))) {
        engine.end();
        return;
      }
      const before = engine.bytesWritten;
      const chunk = intake.held;
      await new Promise<void>((resolve) => {
        engine.once('close', resolve);
        engine.write(chunk, () => {
          engine.off('close', resolve);
          resolve();
        });
      });
      const used = engine.bytesWritten - before;
      intake.use(used);
      if (used < chunk.length) return;
    }
  };
  try {
    await Promise.all([reading, feeding()]);
  } finally {
    engine.destroy();
  }
}

const flags = { headerCrc: 2, extra: 4, name: 8, comment: 16, reserved: 0xe0 };

/**
 * RFC 1952, all members. Anything else after a member is ignored, as gzip and libarchive do; zlib's gunzip would refuse it.
 */
export async function decodeGzip(intake: Intake, spool: Spool, signal: AbortSignal): Promise<void> {
  while (await isMember(intake)) {
    await skipHeader(intake);
    let crc = 0;
    let size = 0;
    const engine = createInflateRaw({ chunkSize: 256 * 1024 });
    await runEngine(engine, intake, signal, (chunk) => {
      crc = crc32(chunk, crc);
      size += chunk.length;
      return spool.append(chunk);
    }).catch(refuse);
    if (!(await intake.hold(8))) throw cutOff('gzip');
    const good = intake.held.readUInt32LE(0) === crc && intake.held.readUInt32LE(4) === size % 2 ** 32;
    if (!good) throw damaged('gzip');
    intake.use(8);
  }
}

async function isMember(intake: Intake): Promise<boolean> {
  return (await intake.hold(3)) && intake.held.readUIntBE(0, 3) === 0x1f8b08;
}

async function skipHeader(intake: Intake): Promise<void> {
  if (!(await intake.hold(10))) throw cutOff('gzip');
  const present = intake.held[3] ?? 0;
  if (present & flags.reserved) throw damaged('gzip');
  intake.use(10);
  if (present & flags.extra) {
    if (!(await intake.hold(2))) throw cutOff('gzip');
    const length = 2 + intake.held.readUInt16LE(0);
    if (!(await intake.hold(length))) throw cutOff('gzip');
    intake.use(length);
  }
  if (present & flags.name) await skipString(intake);
  if (present & flags.comment) await skipString(intake);
  if (present & flags.headerCrc) {
    if (!(await intake.hold(2))) throw cutOff('gzip');
    intake.use(2);
  }
}

async function skipString(intake: Intake): Promise<void> {
  for (;;) {
    if (!(await intake.hold(1))) throw cutOff('gzip');
    const end = intake.held.indexOf(0);
    intake.use(end < 0 ? intake.held.length : end + 1);
    if (end >= 0) return;
  }
}

function refuse(cause: NodeJS.ErrnoException): never {
  if (cause.code === 'Z_BUF_ERROR') throw cutOff('gzip');
  if (!cause.code?.startsWith('Z_')) throw cause;
  throw damaged('gzip', cause);
}

const frameMagic = 0xfd2fb528;

/** Since Node 22.15. */
export const nodeHasZstd = typeof zlib.createZstdDecompress === 'function';

/** With the largest window that Nix accepts. */
export const zstdArguments = ['-dcq', '--memory=128MiB'];

/** Throws if nothing on this machine can read zstd. */
export function assertReadsZstd({ zstd }: Programs, nodeZstd = nodeHasZstd): void {
  if (nodeZstd || zstd !== undefined) return;
  const text = `Node ${process.version} cannot read zstd: install the program zstd, or run this with Node 22.15 or newer.`;
  throw new LocalFailure('unsupported', text);
}

/** RFC 8878, all frames: Node's decompressor stops after the first. Anything else after a frame is refused. */
export async function decodeZstd(intake: Intake, spool: Spool, signal: AbortSignal): Promise<void> {
  while (await intake.hold(1)) {
    if (!(await intake.hold(4))) throw garbage();
    const magic = intake.held.readUInt32LE(0);
    if (magic === frameMagic) {
      const engine = zlib.createZstdDecompress({ chunkSize: 256 * 1024 });
      await runEngine(engine, intake, signal, (chunk) => spool.append(chunk)).catch(refuseZstd);
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

function refuseZstd(cause: NodeJS.ErrnoException): never {
  const code = cause.code ?? '';
  if (code === 'Z_BUF_ERROR') throw cutOff('zstd');
  if (code === 'ZSTD_error_frameParameter_windowTooLarge') {
    throw new ArchiveRefused(windowTooLarge, undefined, { cause });
  }
  if (!code.startsWith('Z') || code.includes('memory')) throw cause;
  throw damaged('zstd', cause);
}

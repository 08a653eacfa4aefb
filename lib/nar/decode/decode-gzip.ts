import { crc32, createInflateRaw } from 'node:zlib';
import type { Spool } from '../spool.ts';
import type { Intake } from './intake.ts';
import { runEngine } from './run-engine.ts';
import { cutOff, damaged } from './unreadable-data.ts';

const flags = { headerCrc: 2, extra: 4, name: 8, comment: 16, reserved: 0xe0 };

/**
 * RFC 1952, member after member. What follows a whole member and is none is ignored, as gzip and libarchive do; zlib's own gunzip
 * would refuse it.
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

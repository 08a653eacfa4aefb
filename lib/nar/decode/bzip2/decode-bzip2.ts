import type { Spool } from '../../spool.ts';
import type { Intake } from '../intake.ts';
import { cutOff, damaged } from '../unreadable-data.ts';
import { BitReader } from './bit-reader.ts';
import { blockText } from './block-text.ts';
import { readBlock } from './read-block.ts';

/** More than a block of 900,000 symbols of at most 20 bits takes. */
const largestBlock = 3 * 1024 * 1024;
const blockMagic = 0x314159265359;
const endMagic = 0x177245385090;

/**
 * bzip2 where there is no program of that name, stream after stream. What follows a whole stream and is none is ignored, as bzip2 and
 * libarchive do.
 */
export async function decodeBzip2(intake: Intake, spool: Spool, signal: AbortSignal): Promise<void> {
  while ((await intake.hold(4)) && /^BZh[1-9]/.test(intake.held.toString('latin1', 0, 4))) {
    const bytes = new Uint32Array(100_000 * ((intake.held[3] ?? 0) - 0x30));
    intake.use(4);
    await decodeStream(intake, spool, bytes, signal);
  }
}

async function decodeStream(intake: Intake, spool: Spool, bytes: Uint32Array, signal: AbortSignal): Promise<void> {
  let bitOffset = 0;
  let combined = 0;
  for (;;) {
    signal.throwIfAborted();
    const more = await intake.hold(largestBlock);
    const bits = new BitReader(intake.held, bitOffset);
    const magic = bits.read48();
    const checksum = bits.read32();
    if (bits.overrun) throw cutOff('bzip2');
    if (magic === endMagic) {
      if (checksum !== combined) throw damaged('bzip2');
      intake.use(Math.ceil(bits.position / 8));
      return;
    }
    if (magic !== blockMagic) throw damaged('bzip2');
    const block = read(bits, bytes, more);
    for (const chunk of blockText(block, checksum)) {
      signal.throwIfAborted();
      await spool.append(chunk);
    }
    combined = (((combined << 1) | (combined >>> 31)) ^ checksum) >>> 0;
    intake.use(Math.floor(bits.position / 8));
    bitOffset = bits.position % 8;
  }
}

/** Zeros stand behind the end of the data, so what they did is seen afterwards. */
function read(bits: BitReader, bytes: Uint32Array, more: boolean) {
  try {
    return readBlock(bits, bytes);
  } catch (error) {
    throw bits.overrun && !more ? cutOff('bzip2') : error;
  }
}

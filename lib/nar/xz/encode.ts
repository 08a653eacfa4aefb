import { availableParallelism } from 'node:os';
import { crc32 } from 'node:zlib';
import { lzmaCode, runLiblzma } from './liblzma.ts';

/** Fixed, because the bytes depend on it: twice the dictionary of preset 6. */
const blockBytes = 16 * 1024 * 1024;

/** Each thread needs about 130 MB. */
const maxThreads = 4;

const checkBytes = 8;
const streamFlags = Buffer.from([0, 4]); // CRC64

interface XzBlock {
  /** Header, compressed data, padding and check. */
  readonly bytes: Buffer;
  /** Without the padding (xz-file-format, 4.3). */
  readonly unpaddedSize: number;
  readonly uncompressedSize: number;
}

interface EncodeOptions {
  readonly signal: AbortSignal;
  readonly threads?: number;
  readonly blockSize?: number;
}

/**
 * One xz stream of blocks that are compressed in parallel. The bytes do not depend on the number of threads. Blocks have their sizes in
 * their headers, as `xz -T` writes them, so that `xz -dT0` decodes them in parallel.
 */
export async function* encodeXz(
  input: AsyncIterable<Uint8Array>,
  { signal, threads = Math.min(availableParallelism(), maxThreads), blockSize = blockBytes }: EncodeOptions,
): AsyncGenerator<Buffer, void, undefined> {
  const stop = new AbortController();
  const anySignal = AbortSignal.any([signal, stop.signal]);
  const running: Promise<XzBlock>[] = [];
  const finished: XzBlock[] = [];
  const finishFirst = async function* (): AsyncGenerator<Buffer, void, undefined> {
    const [first] = running;
    if (first === undefined) return;
    const { bytes, ...sizes } = await first;
    running.shift();
    finished.push({ ...sizes, bytes: Buffer.alloc(0) });
    yield bytes;
  };
  try {
    yield streamHeader();
    for await (const piece of inPieces(input, blockSize)) {
      const block = encodeBlock(piece, anySignal);
      block.catch(() => {});
      running.push(block);
      if (running.length >= threads) yield* finishFirst();
    }
    while (running.length > 0) yield* finishFirst();
    yield indexAndFooter(finished);
  } finally {
    stop.abort();
    await Promise.allSettled(running);
  }
}

/** Pieces of exactly one size, except for the last. */
export async function* inPieces(
  chunks: AsyncIterable<Uint8Array>,
  size: number,
): AsyncGenerator<Buffer, void, undefined> {
  let piece = Buffer.allocUnsafeSlow(size);
  let used = 0;
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; ) {
      const part = chunk.subarray(at, at + size - used);
      piece.set(part, used);
      used += part.length;
      at += part.length;
      if (used < size) continue;
      yield piece;
      piece = Buffer.allocUnsafeSlow(size);
      used = 0;
    }
  }
  if (used > 0) yield piece.subarray(0, used);
}

/** The only block of a stream that liblzma makes, with another header (xz-file-format, 3.1). */
async function encodeBlock(input: Buffer, signal: AbortSignal): Promise<XzBlock> {
  const output: Uint8Array[] = [];
  const pieces = [input].values();
  const source = { next: async () => pieces.next().value };
  const code = await runLiblzma('encode', source, async (bytes) => void output.push(bytes.slice()), signal);
  if (code !== lzmaCode.streamEnd) throw new Error(`liblzma failed with ${code}`);
  const stream = Buffer.concat(output);
  const indexAt = stream.length - 12 - (stream.readUInt32LE(stream.length - 8) + 1) * 4;
  const headerSize = ((stream[12] ?? 0) + 1) * 4;
  const rest = stream.subarray(12 + headerSize, indexAt);
  // An index of one record: a zero, the number 1, the two sizes.
  const compressedSize = readNumber(stream, indexAt + 2) - headerSize - checkBytes;
  const header = blockHeader(stream.subarray(14, 17), compressedSize, input.length);
  return {
    bytes: Buffer.concat([header, rest]),
    unpaddedSize: header.length + compressedSize + checkBytes,
    uncompressedSize: input.length,
  };
}

function blockHeader(lzma2: Buffer, compressedSize: number, uncompressedSize: number): Buffer {
  const oneFilterAndBothSizes = 0xc0;
  const fields = [oneFilterAndBothSizes, ...numberBytes(compressedSize), ...numberBytes(uncompressedSize), ...lzma2];
  const words = Math.ceil((1 + fields.length) / 4);
  return withCrc(padded([words, ...fields]));
}

function streamHeader(): Buffer {
  return Buffer.concat([Buffer.from('fd377a585a00', 'hex'), withCrc(streamFlags)]);
}

function indexAndFooter(blocks: readonly XzBlock[]): Buffer {
  const records = blocks.flatMap(({ unpaddedSize, uncompressedSize }) => [
    ...numberBytes(unpaddedSize),
    ...numberBytes(uncompressedSize),
  ]);
  const index = withCrc(padded([0, ...numberBytes(blocks.length), ...records]));
  const backward = Buffer.alloc(4);
  backward.writeUInt32LE(index.length / 4 - 1);
  const fields = Buffer.concat([backward, streamFlags]);
  return Buffer.concat([index, crcOf(fields), fields, Buffer.from('YZ')]);
}

const padded = (bytes: readonly number[]): Buffer => {
  const buffer = Buffer.alloc(Math.ceil(bytes.length / 4) * 4);
  buffer.set(bytes);
  return buffer;
};

const withCrc = (bytes: Buffer): Buffer => Buffer.concat([bytes, crcOf(bytes)]);

function crcOf(bytes: Buffer): Buffer {
  const crc = Buffer.alloc(4);
  crc.writeUInt32LE(crc32(bytes));
  return crc;
}

/** A multibyte integer (xz-file-format, 1.2). */
function numberBytes(value: number): readonly number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...numberBytes(Math.floor(value / 128))];
}

function readNumber(bytes: Buffer, at: number): number {
  const byte = bytes[at] ?? 0;
  return byte < 128 ? byte : byte - 128 + 128 * readNumber(bytes, at + 1);
}

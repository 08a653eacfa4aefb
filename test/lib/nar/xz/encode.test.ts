import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { encodeXz, inPieces } from '../../../../lib/nar/xz/encode.ts';
import { lzmaCode, runLiblzma } from '../../../../lib/nar/xz/liblzma.ts';
import { programs } from '../../../support/nar/decoders.ts';
import { Temporary } from '../../../support/nar/temporary.ts';

const temporary = new Temporary();
afterAll(() => temporary.remove());

const never = new AbortController().signal;
const noise = Buffer.from(Uint32Array.from({ length: 75_000 }, (_, at) => Math.imul(at, 2_654_435_761) >>> 9).buffer);

async function* chunksOf(bytes: Uint8Array, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function encode(bytes: Uint8Array, options: { blockSize?: number; threads?: number; chunk?: number } = {}) {
  const { chunk = 10_000, ...others } = options;
  const out: Buffer[] = [];
  for await (const piece of encodeXz(chunksOf(bytes, chunk), { signal: never, ...others })) out.push(piece);
  return Buffer.concat(out);
}

async function decode(bytes: Buffer): Promise<Buffer> {
  const out: Uint8Array[] = [];
  const pieces = [bytes].values();
  const source = { next: async () => pieces.next().value };
  const code = await runLiblzma('decode', source, async (piece) => void out.push(piece.slice()), never);
  expect(code).toBe(lzmaCode.streamEnd);
  return Buffer.concat(out);
}

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

describe('encodeXz', () => {
  it('gives the same bytes for any number of threads and any size of chunks', async () => {
    const one = await encode(noise, { blockSize: 110_000, threads: 1 });
    for (const [threads, chunk] of [
      [2, 7_777],
      [5, 1_000_000],
    ] as const)
      expect(sha256(await encode(noise, { blockSize: 110_000, threads, chunk }))).toBe(sha256(one));
  });

  it('gives bytes that liblzma decodes, for any content and block size', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 500 }),
        fc.integer({ min: 150, max: 400 }),
        async (bytes, blockSize) => {
          expect((await decode(await encode(bytes, { blockSize }))).equals(bytes)).toBe(true);
        },
      ),
      { numRuns: 6 },
    );
  });

  it('writes the sizes of each block, so that xz decodes the blocks in parallel', async () => {
    const bytes = await encode(noise, { blockSize: 110_000 });
    const { xz } = programs;
    // xz-file-format, 3.1.2: one filter, compressed size present, uncompressed size present.
    expect(bytes[13]).toBe(0xc0);
    expect((await decode(bytes)).equals(noise)).toBe(true);
    if (xz === undefined) return;
    const list = execFileSync(xz, ['--robot', '--list', '-vv', temporary.put('blocks.xz', bytes)], {
      encoding: 'utf8',
    });
    const blocks = [...list.matchAll(/^block\t.*$/gm)].map(([line]) => line.split('\t'));
    expect(blocks.map((block) => Number(block[7]))).toEqual([110_000, 110_000, 80_000]);
    expect(blocks.map((block) => block[12])).toEqual(['cu', 'cu', 'cu']);
    expect(execFileSync(xz, ['-dcT2', join(temporary.directory, 'blocks.xz')]).equals(noise)).toBe(true);
  });

  it('ends its threads when the input fails, when it is aborted, and when its output is not read further', async () => {
    const failure = new Error('unreadable');
    const failing = async function* () {
      yield noise;
      throw failure;
    };
    const all = async (input: AsyncIterable<Uint8Array>, signal = never) => {
      for await (const _ of encodeXz(input, { signal, blockSize: 110_000, threads: 2 }));
    };
    await expect(all(failing())).rejects.toBe(failure);
    await expect(all(chunksOf(noise, 1000), AbortSignal.abort(failure))).rejects.toBe(failure);
    for await (const _ of encodeXz(chunksOf(noise, 1000), { signal: never, blockSize: 110_000 })) break;
  });
});

describe('inPieces', () => {
  it('cuts chunks of any size into pieces of one size, the last of them shorter', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 20 })),
        fc.integer({ min: 1, max: 15 }),
        async (chunks, size) => {
          const whole = Buffer.concat(chunks);
          const pieces: Buffer[] = [];
          for await (const piece of inPieces(
            (async function* () {
              yield* chunks;
            })(),
            size,
          ))
            pieces.push(piece);
          expect(Buffer.concat(pieces).equals(whole)).toBe(true);
          expect(pieces.slice(0, -1).every(({ length }) => length === size)).toBe(true);
          expect(pieces).toHaveLength(Math.ceil(whole.length / size));
        },
      ),
    );
  });
});

import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { lzmaCode, runLiblzma } from '../../../../lib/nar/xz/liblzma.ts';
import { packed } from '../../../support/nar/packed.ts';

const bytes = Buffer.from(Uint32Array.from({ length: 1_200_000 }, (_, at) => at >>> 3).buffer);
const compressed = await packed(bytes);
const never = new AbortController().signal;

function inPieces(of: Buffer, size: number) {
  let at = 0;
  return {
    next: async () => {
      const piece = of.subarray(at, at + size);
      at += size;
      return piece.length > 0 ? piece : undefined;
    },
  };
}

describe('liblzma', () => {
  it('waits until its output is taken, and does not overwrite it before', async () => {
    const out: Uint8Array[] = [];
    const slowly = async (piece: Uint8Array) => {
      await setTimeout(10);
      out.push(piece.slice());
    };
    expect(await runLiblzma('decode', inPieces(compressed, 100_000), slowly, never)).toBe(lzmaCode.streamEnd);
    expect(Buffer.concat(out).equals(bytes)).toBe(true);
  });

  it('takes input in chunks of any size', async () => {
    for (const size of [7777, 512 * 1024, 512 * 1024 + 1, 5_000_000]) {
      let total = 0;
      const count = async (piece: Uint8Array) => {
        total += piece.length;
      };
      expect(await runLiblzma('decode', inPieces(compressed, size), count, never)).toBe(lzmaCode.streamEnd);
      expect(total).toBe(bytes.length);
    }
  });

  it('compresses to the same bytes whatever the size of the input chunks', async () => {
    const out: Uint8Array[] = [];
    const keep = async (piece: Uint8Array) => {
      out.push(piece.slice());
    };
    await runLiblzma('encode', inPieces(bytes, 54_321), keep, never);
    expect(Buffer.concat(out).equals(compressed)).toBe(true);
  });

  it('stops at once when writing the output fails or when it is aborted, even while it waits', async () => {
    const failure = new Error('full');
    await expect(
      runLiblzma('decode', inPieces(compressed, 100_000), () => Promise.reject(failure), never),
    ).rejects.toBe(failure);
    const stop = new AbortController();
    const stuck = () => {
      stop.abort(failure);
      return new Promise<void>(() => {});
    };
    await expect(runLiblzma('decode', inPieces(compressed, 100_000), stuck, stop.signal)).rejects.toBe(failure);
  });
});

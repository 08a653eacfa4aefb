import { readdirSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { afterAll, describe, expect, it } from '@jest/globals';
import { decodeByProcess } from '../../../../lib/nar/decode/by-program.ts';
import { Spool } from '../../../../lib/nar/spool.ts';
import { Temporary } from '../../../support/nar/temporary.ts';

const temporary = new Temporary();
afterAll(() => temporary.remove());

const openSpool = (maxBytes = 1e6) => Spool.open({ directory: temporary.spools, maxBytes }, 0);
const never = new AbortController().signal;

/** Pieces, and then either the end or silence. */
function source(pieces: readonly string[], ends: boolean) {
  const left = [...pieces];
  return {
    next: async () => {
      const piece = left.shift();
      if (piece !== undefined) return Buffer.from(piece);
      if (!ends) await setTimeout(60_000, undefined, { ref: false });
      return undefined;
    },
  };
}

const shell = (script: string, ends = true, signal = never, spool = openSpool()) =>
  spool.then(async (opened) => {
    try {
      await decodeByProcess('xz', '/bin/sh', ['-c', script], source(['one', 'two'], ends), opened, signal);
      const bytes = Buffer.alloc(opened.size);
      opened.read(bytes, 0, bytes.length, 0);
      return bytes.toString();
    } finally {
      await opened.close();
      expect(readdirSync(temporary.spools)).toEqual([]);
    }
  });

describe('decodeByProcess', () => {
  it('gives the program the file, and its output to the spool', async () => {
    expect(await shell('cat')).toBe('onetwo');
  });

  it('accepts a program that does not read to the end', async () => {
    expect(await shell('head -c 2')).toBe('on');
  });

  it('does not pass the settings of the user to the program', async () => {
    process.env.XZ_OPT = '--bad';
    expect(await shell('echo "[$XZ_OPT]"')).toBe('[]\n');
    delete process.env.XZ_OPT;
  });

  it.each([
    ['xz: (stdin): Unexpected end of input', 'The archive is cut off: its xz data ends too early.'],
    ['xz: (stdin): Compressed data is corrupt', 'The archive is damaged: its xz data cannot be read.'],
    [
      'xz: (stdin): Memory usage limit reached',
      'The archive needs more than 512 MiB of memory to unpack, the limit here: compress it with a smaller dictionary',
    ],
    ['xz: (stdout): Write error: No space left on device', `There is no space left in ${temporary.spools} to unpack`],
  ])('understands the message %j', async (message, expected) => {
    await expect(shell(`cat; echo "${message}" >&2; exit 1`)).rejects.toThrow(expected);
  });

  it('kills a program that never ends when it is aborted', async () => {
    const stop = new AbortController();
    const reason = new Error('enough');
    const start = performance.now();
    const outcome = shell('exec sleep 500', false, stop.signal);
    await setTimeout(50);
    stop.abort(reason);
    await expect(outcome).rejects.toBe(reason);
    expect(performance.now() - start).toBeLessThan(60_000);
  });

  it('kills a program that never ends at the size limit', async () => {
    await expect(shell('exec yes', false, never, openSpool(5000))).rejects.toThrow(
      'The archive unpacks to more than 4.9 KiB.',
    );
  });
});

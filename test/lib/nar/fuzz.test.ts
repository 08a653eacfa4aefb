import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { Programs } from '../../../lib/nar/file.ts';
import { programs as found, withoutXz } from '../../support/nar/decoders.ts';
import { gnuLong, hardlink, pax, tar, top } from '../../support/nar/tar-blocks.ts';
import { Temporary } from '../../support/nar/temporary.ts';

const temporary = new Temporary();
afterAll(() => temporary.remove());

const vectors = new URL('../../fixtures/vectors/', import.meta.url).pathname;
const limits = { maxUnpacked: 20_000_000, maxEntries: 1000 };

/** Facts or an error of ours; nothing else, and nothing left behind. */
async function holds(bytes: Uint8Array, programs: Programs = withoutXz): Promise<void> {
  try {
    expect((await temporary.inspect(bytes, { programs, limits })).narHash).toMatch(/^sha256-/);
  } catch (error) {
    expect((error as Error).name).toMatch(/^(ArchiveRefused|LocalFailure)$/);
    expect((error as Error).message).toMatch(/^[^\p{Cc}]+\.$/u);
  }
}

type Change = readonly [at: number, how: 'flip' | 'cut' | 'drop' | 'repeat' | 'set', value: number];

const changes: fc.Arbitrary<Change[]> = fc.array(
  fc.tuple(
    fc.double({ min: 0, max: 1, noNaN: true }),
    fc.constantFrom('flip', 'cut', 'drop', 'repeat', 'set'),
    fc.nat(255),
  ),
  { minLength: 1, maxLength: 4 },
);

function changed(bytes: Buffer, list: readonly Change[]): Buffer {
  return list.reduce((now, [part, how, value]) => {
    const at = Math.floor(part * now.length);
    if (how === 'cut') return now.subarray(0, at);
    if (how === 'drop') return Buffer.concat([now.subarray(0, at), now.subarray(at + value)]);
    if (how === 'repeat') return Buffer.concat([now.subarray(0, at + value), now.subarray(at)]);
    const copy = Buffer.from(now);
    if (at < copy.length) copy[at] = how === 'set' ? value : (copy[at] ?? 0) ^ (1 << (value % 8));
    return copy;
  }, bytes);
}

/** So that what is changed in a header is looked at, and not only its checksum. */
function withChecksums(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  for (let at = 0; at + 512 <= copy.length; at += 512) {
    const block = copy.subarray(at, at + 512);
    if (block.toString('latin1', 257, 262) !== 'ustar') continue;
    block.fill(' ', 148, 156);
    block.write(
      `${block
        .reduce((sum, byte) => sum + byte, 0)
        .toString(8)
        .padStart(6, '0')}\0 `,
      148,
      'latin1',
    );
  }
  return copy;
}

describe('inspecting arbitrary bytes', () => {
  it.each(['', '1f8b08', 'fd377a585a00', '28b52ffd', '502a4d18', '425a6839', '425a6839314159265359'])(
    'gives facts or an error of ours for any bytes after %j',
    async (start) => {
      const bytes = fc.uint8Array({ maxLength: 3000 });
      await fc.assert(
        fc.asyncProperty(bytes, (rest) => holds(Buffer.concat([Buffer.from(start, 'hex'), rest]))),
        { numRuns: start === 'fd377a585a00' ? 10 : 50 },
      );
    },
  );

  it.each<[string, number, Programs]>([
    ['basic.tar.gz', 60, {}],
    ['basic.tar.zst', 60, {}],
    ['basic.tar.xz', 15, {}],
    ['basic.tar.bz2', 40, found],
    ['basic.tar.xz', 10, found],
  ])('gives facts or an error of ours for %s when it is damaged (%d times)', async (name, numRuns, programs) => {
    const good = readFileSync(vectors + name);
    await fc.assert(
      fc.asyncProperty(changes, (list) => holds(changed(good, list), programs)),
      { numRuns },
    );
  });

  it('gives facts or an error of ours for a tar with changed headers', async () => {
    const good = tar(
      ...top,
      pax({ path: 'top/p', mtime: '5', size: '3' }),
      hardlink('top/h', 'top/a'),
      gnuLong('L', 'top/g'),
      ...top,
    );
    const sparse = readFileSync(`${vectors}basic.tar`);
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(good, sparse), changes, (bytes, list) =>
        holds(withChecksums(changed(bytes, list))),
      ),
      { numRuns: 200 },
    );
  });

  it('gives facts or an error of ours for any pax headers', async () => {
    const key = fc.constantFrom(
      'path',
      'linkpath',
      'size',
      'mtime',
      'GNU.sparse.map',
      'GNU.sparse.size',
      'GNU.sparse.major',
      'GNU.sparse.realsize',
      'GNU.sparse.offset',
    );
    const value = fc.oneof(
      fc.string({ maxLength: 20 }),
      fc.constantFrom('0', '1', '2', '0,2', '0,1,1,1', '10,2,1000,0', '99999999999999999'),
    );
    const records = fc.dictionary(key, value, { maxKeys: 5 });
    await fc.assert(
      fc.asyncProperty(records, (extra) => holds(tar(...top, pax(extra), ...top))),
      { numRuns: 150 },
    );
  });
});

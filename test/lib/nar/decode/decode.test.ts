import { readFileSync } from 'node:fs';
import { crc32, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, describe, expect, it } from '@jest/globals';
import type { Programs } from '../../../../lib/nar/file.ts';
import { decoders, programs as found } from '../../../support/nar/decoders.ts';
import { packed } from '../../../support/nar/packed.ts';
import { file, tar, top } from '../../../support/nar/tar-blocks.ts';
import { Temporary } from '../../../support/nar/temporary.ts';

const temporary = new Temporary();
afterAll(() => temporary.remove());

const fixtures = new URL('../../../fixtures/', import.meta.url).pathname;
const fixture = (name: string) => readFileSync(fixtures + name);
const noise = Uint8Array.from({ length: 700_000 }, (_, at) => ((at * 2_654_435_761) >>> 13) ^ (at >>> 5));
const plain = tar(...top, file('top/noise', noise));
const halves = [plain.subarray(0, 300_001), plain.subarray(300_001)] as const;
const skippable = Buffer.concat([Buffer.from('502a4d1804000000', 'hex'), Buffer.from('abcd')]);

const narHash = async (bytes: Uint8Array, programs: Programs, name?: string) =>
  (await temporary.inspect(bytes, { programs }, name)).narHash;
const expected = await narHash(plain, {});
const xz = await packed(plain);
const xzHalves = [await packed(halves[0]), await packed(halves[1])] as const;

/** An xz whose header asks for a dictionary of 4 GiB (xz-file-format, 3.1 and 5.3.1). */
function withHugeDictionary(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  const headerEnd = 12 + ((copy[12] ?? 0) + 1) * 4;
  copy[copy.indexOf('2101', 12, 'hex') + 2] = 40;
  copy.writeUInt32LE(crc32(copy.subarray(12, headerEnd - 4)), headerEnd - 4);
  return copy;
}

describe('decoding zstd on a Node without zstd', () => {
  const { zstd } = found;
  const decode = (bytes: Uint8Array, programs: Programs = found) =>
    temporary.inspect(bytes, { programs, nodeZstd: false }, 'a.tar.zst');

  it('needs the program zstd, which the machine of these tests has', () => {
    expect(zstd).toMatch(/\/zstd$/);
  });

  it('reads all frames with the program zstd', async () => {
    const frames = [zstdCompressSync(halves[0]), skippable, zstdCompressSync(halves[1])];
    expect((await decode(Buffer.concat(frames))).narHash).toBe(expected);
  });

  it('refuses zstd that is truncated, damaged, followed by other data, or needs too large a window', async () => {
    const bytes = zstdCompressSync(plain, { params: { 201: 1 } });
    for (const end of [bytes.length - 1, bytes.length >> 1, 30])
      await expect(decode(bytes.subarray(0, end))).rejects.toThrow(
        'The archive is cut off: its zstd data ends too early.',
      );
    const bad = Buffer.from(bytes);
    bad[bad.length >> 1] = (bad[bad.length >> 1] ?? 0) ^ 16;
    for (const each of [bad, Buffer.concat([bytes, Buffer.from('garbage')])])
      await expect(decode(each)).rejects.toThrow('The archive is damaged: its zstd data cannot be read.');
    // A frame with a window of 256 MiB (RFC 8878, 3.1.1.1.2) and one empty raw block.
    const wide = Buffer.from('28b52ffd0090010000', 'hex');
    const window = 'needs a zstd window over 128 MiB, which Nix refuses';
    await expect(decode(wide)).rejects.toThrow(window);
    await expect(temporary.inspect(wide, { programs: {} })).rejects.toThrow(window);
  });

  it('says what to install if there is no program zstd either, whatever the file is called', async () => {
    const missing = `Node ${process.version} cannot read zstd: install the program zstd, or run this with Node 22.15 or newer.`;
    for (const name of ['a.tar.zst', 'a.tar.xz']) {
      const outcome = temporary.inspect(zstdCompressSync(plain), { programs: {}, nodeZstd: false }, name);
      await expect(outcome).rejects.toMatchObject({ kind: 'unsupported', message: missing });
    }
  });
});

it('says which program to install for bzip2', async () => {
  const outcome = temporary.inspect(fixture('vectors/basic.tar.bz2'), { programs: {} }, 'a.tar.xz');
  const message = 'The program bzip2, which this archive needs, was not found: install bzip2.';
  await expect(outcome).rejects.toMatchObject({ kind: 'unsupported', message });
});

describe.each(decoders)('decoding by %s', (_, programs) => {
  it('names the memory limit when an xz file needs more', async () => {
    const limit =
      programs.xz === undefined
        ? '200 MiB of memory to unpack: install the program xz, with which the limit is 512 MiB'
        : '512 MiB of memory to unpack, the limit here: compress it with a smaller dictionary, as xz -9 does';
    await expect(narHash(withHugeDictionary(xz), programs)).rejects.toThrow(`The archive needs more than ${limit}.`);
  });

  it('finds the compression from the content, not from the name', async () => {
    expect(await narHash(gzipSync(plain), programs, 'a.tar.xz')).toBe(expected);
    expect(await narHash(zstdCompressSync(plain), programs, 'a.tar.bz2')).toBe(expected);
    expect(await narHash(xz, programs, 'a.tgz')).toBe(expected);
  });

  it('reads all streams of a file', async () => {
    const [one, two] = halves;
    expect(await narHash(Buffer.concat([gzipSync(one), gzipSync(two)]), programs)).toBe(expected);
    expect(await narHash(Buffer.concat([zstdCompressSync(one), skippable, zstdCompressSync(two)]), programs)).toBe(
      expected,
    );
    expect(await narHash(Buffer.concat([xzHalves[0], xzHalves[1]]), programs)).toBe(expected);
    expect(await narHash(Buffer.concat([xzHalves[0], Buffer.alloc(8), xzHalves[1]]), programs)).toBe(expected);
    const facts = await temporary.inspectFile(`${fixtures}nar/two-streams.tar.bz2`, { programs });
    expect(facts.narHash).toBe('sha256-afKwv59T5KvJUl1lG2lTXpcOb8G7HFePdNjgQOfJHxw=');
  });

  it.each<[string, () => Promise<Buffer>]>([
    ['gzip', async () => gzipSync(plain)],
    ['zstd', async () => zstdCompressSync(plain)],
    ['xz', async () => xz],
    ['bzip2', async () => fixture('nar/two-streams.tar.bz2')],
  ])('refuses %s that is truncated at any place', async (name, make) => {
    const bytes = await make();
    for (const end of [bytes.length - 1, bytes.length - 9, bytes.length >> 1, 30]) {
      await expect(narHash(bytes.subarray(0, end), programs)).rejects.toThrow(
        `The archive is cut off: its ${name} data ends too early.`,
      );
    }
  });

  it.each<[string, () => Promise<Buffer>]>([
    ['gzip', async () => gzipSync(plain)],
    ['zstd', async () => zstdCompressSync(plain, { params: { 201: 1 } })],
    ['xz', async () => xz],
    ['bzip2', async () => fixture('nar/two-streams.tar.bz2')],
  ])('refuses %s in which one bit is wrong', async (_name, make) => {
    const bytes = await make();
    for (const part of [0.2, 0.5, 0.8]) {
      const bad = Buffer.from(bytes);
      const at = Math.floor(bad.length * part);
      bad[at] = (bad[at] ?? 0) ^ 16;
      await expect(narHash(bad, programs)).rejects.toMatchObject({ name: 'ArchiveRefused' });
    }
  });

  it('refuses a wrong checksum', async () => {
    const gzip = gzipSync(plain);
    gzip[gzip.length - 8] = (gzip[gzip.length - 8] ?? 0) ^ 1;
    await expect(narHash(gzip, programs)).rejects.toThrow('The archive is damaged: its gzip data cannot be read.');
    const bzip2 = fixture('nar/two-streams.tar.bz2');
    bzip2[12] = (bzip2[12] ?? 0) ^ 1;
    await expect(narHash(bzip2, programs)).rejects.toThrow('The archive is damaged: its bzip2 data cannot be read.');
    const ofStream = fixture('nar/two-streams.tar.bz2');
    ofStream[ofStream.length - 3] = (ofStream[ofStream.length - 3] ?? 0) ^ 1;
    await expect(narHash(ofStream, programs)).rejects.toThrow('The archive is damaged: its bzip2 data cannot be read.');
  });

  it('ignores trailing garbage after gzip and bzip2, as Nix does, and refuses it after xz and zstd', async () => {
    const garbage = Buffer.from('garbage, garbage');
    expect(await narHash(Buffer.concat([gzipSync(plain), garbage]), programs)).toBe(expected);
    expect(await narHash(Buffer.concat([gzipSync(plain), Buffer.alloc(600)]), programs)).toBe(expected);
    await temporary.inspect(Buffer.concat([fixture('vectors/basic.tar.bz2'), garbage]), { programs });
    await expect(narHash(Buffer.concat([xz, garbage]), programs)).rejects.toThrow(/its xz data/);
    await expect(narHash(Buffer.concat([xz, Buffer.alloc(3)]), programs)).rejects.toThrow(/its xz data/);
    await expect(narHash(Buffer.concat([zstdCompressSync(plain), garbage]), programs)).rejects.toThrow(
      /something follows its zstd data/,
    );
  });

  it('reads xz with other checks and filters', async () => {
    const hash = (await temporary.inspectFile(`${fixtures}vectors/basic.tar.xz`, { programs })).narHash;
    for (const name of ['sha256', 'x86', 'arm64', 'delta']) {
      expect((await temporary.inspectFile(`${fixtures}nar/basic-${name}.tar.xz`, { programs })).narHash).toBe(hash);
    }
  });

  it('reads a gzip header with all optional fields', async () => {
    const body = gzipSync(plain).subarray(10);
    const head = Buffer.from('1f8b081e000000000003', 'hex');
    const fields = Buffer.from('\x04\0abcdname\0comment\0\x12\x34', 'latin1');
    expect(await narHash(Buffer.concat([head, fields, body]), programs)).toBe(expected);
  });
});

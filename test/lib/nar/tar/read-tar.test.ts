import { afterAll, describe, expect, it } from '@jest/globals';
import { referenceNarHash, type Tree } from '../../../support/nar/reference-nar.ts';
import {
  base256,
  directory,
  file,
  gnuLong,
  hardlink,
  header,
  padded,
  pax,
  symlink,
  tar,
  top,
} from '../../../support/nar/tar-blocks.ts';
import { Temporary } from '../../../support/nar/temporary.ts';

const temporary = new Temporary();
afterAll(() => temporary.remove());

const long = `top/${'n'.repeat(150)}`;
const gnu = 'ustar  \0';
const commit = '0123456789abcdef0123456789abcdef01234567';

describe('readTar', () => {
  const cases: readonly [string, readonly Buffer[], Tree][] = [
    ['keeps names that are not UTF-8 as they are', [file('top/\xff\xe4')], { '\xff\xe4': 'x\n' }],
    ['puts a ustar prefix before the name', [file('b', 'x\n', { prefix: 'top/p' })], { p: { b: 'x\n' } }],
    ['reads no prefix in GNU headers', [file('top/b', 'x\n', { prefix: 'zzz', magic: gnu })], { b: 'x\n' }],
    ['reads no prefix in headers of before ustar', [file('top/b', 'x\n', { prefix: 'zzz', magic: '' })], { b: 'x\n' }],
    [
      'takes an old entry whose name ends in a slash for a directory',
      [header('top/d/', { type: '\0', magic: '' })],
      { d: {} },
    ],
    ['takes contiguous files for files', [file('top/c', 'x\n', { type: '7' })], { c: 'x\n' }],
    ['skips volume labels', [file('label', '', { type: 'V' }), file('top/b')], { b: 'x\n' }],
    ['takes a GNU long name', [gnuLong('L', long), file('top/cut')], { [long.slice(4)]: 'x\n' }],
    [
      'takes a GNU long link',
      [gnuLong('K', 'l'.repeat(150)), symlink('top/s', 'cut')],
      { s: ['symlink', 'l'.repeat(150)] },
    ],
    [
      'takes path and linkpath of a pax header',
      [pax({ path: 'top/p', linkpath: 'q' }), symlink('top/s', 'r')],
      { p: ['symlink', 'q'] },
    ],
    ['takes pax names as bytes', [pax({ hdrcharset: 'BINARY', path: 'top/\xff' }), file('top/b')], { '\xff': 'x\n' }],
    [
      'takes the size of a pax header',
      [pax({ size: '600' }), header('top/b'), padded('z'.repeat(600))],
      { b: 'z'.repeat(600) },
    ],
    [
      'forgets a pax header after its entry',
      [pax({ path: 'top/p' }), file('top/b'), file('top/c')],
      { p: 'x\n', c: 'x\n' },
    ],
    [
      'ignores what it need not know',
      [pax({ 'SCHILY.xattr.user.a': 'b', atime: '5', comment: 'c' }), file('top/b')],
      { b: 'x\n' },
    ],
    [
      'goes by the bit of the owner alone',
      [file('top/u', '', { mode: 0o100 }), file('top/g', '', { mode: 0o611 })],
      { u: ['executable', ''], g: '' },
    ],
    ['gives a hard link the mode of its target', [hardlink('top/h', './top//./a', { mode: 0o755 })], { h: 'x\n' }],
    [
      'links to a link',
      [symlink('top/s', 'a'), hardlink('top/h', 'top/s')],
      { s: ['symlink', 'a'], h: ['symlink', 'a'] },
    ],
    ['reads a size in base 256', [header('top/b', { raw: { 124: base256(2n) } }), padded('y\n')], { b: 'y\n' }],
    [
      'ignores the size of directories and symlinks',
      [directory('top/d/', { size: 512 }), symlink('top/s', 'a', { size: 3 })],
      { d: {}, s: ['symlink', 'a'] },
    ],
    ['stops at the first empty block', [Buffer.alloc(512), file('top/never')], {}],
  ];

  it.each(cases)('reads %s', async (_, blocks, tree) => {
    const facts = await temporary.inspect(tar(...top, ...blocks));
    expect(facts.narHash).toBe(referenceNarHash({ a: 'x\n', ...tree }));
  });

  it('accepts checksums that sum signed bytes', async () => {
    const block = header('top/\xe4');
    block.fill(' ', 148, 156);
    const sum = block.reduce((total, byte) => total + (byte < 128 ? byte : byte - 256), 0);
    block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    expect((await temporary.inspect(tar(...top, block))).narHash).toBe(referenceNarHash({ a: 'x\n', '\xe4': '' }));
  });

  it('accepts an end without empty blocks', async () => {
    expect((await temporary.inspect(Buffer.concat(top))).narHash).toBe(referenceNarHash({ a: 'x\n' }));
  });

  it.each<[string, readonly Buffer[], number | undefined]>([
    ['is the newest', [...top, file('top/b', '', { mtime: 1_800_000_000 })], 1_800_000_000],
    ['may be that of a hard link', [...top, hardlink('top/b', 'top/a', { mtime: 1_800_000_000 })], 1_800_000_000],
    [
      'may be that of the directory that is stripped',
      [directory('top/', { mtime: 1_800_000_000 }), file('top/a')],
      1_800_000_000,
    ],
    ['loses its fraction', [pax({ mtime: '1800000000.999' }), directory('top/'), file('top/a')], 1_800_000_000],
    ['may lie far ahead', [...top, header('top/b', { raw: { 136: base256(17179869184n) } })], 17_179_869_184],
    [
      'is not that of an entry that was replaced alone',
      [directory('top/'), file('top/a', '', { mtime: 1_900_000_000 }), file('top/a')],
      1_900_000_000,
    ],
    ['is absent at 0', [directory('top/', { mtime: 0 }), file('top/a', '', { mtime: 0 })], undefined],
    [
      'is absent before 1970',
      [header('top/', { type: '5', raw: { 136: base256(-5n) } }), pax({ mtime: '-5.5' }), file('top/a')],
      undefined,
    ],
  ])('finds the lastModified %s', async (_, blocks, expected) => {
    expect((await temporary.inspect(tar(...blocks))).lastModified).toBe(expected);
  });

  it.each<[string, readonly Buffer[], string | undefined]>([
    ['is the comment of git archive', [pax({ comment: commit }, 'g'), ...top], commit],
    [
      'is rather .git-revision',
      [pax({ comment: commit }, 'g'), ...top, file('top/.git-revision', 'f'.repeat(40))],
      'f'.repeat(40),
    ],
    ['may end in a newline', [...top, file('top/.git-revision', `${commit}\n`)], commit],
    ['is no other comment', [pax({ comment: 'hello' }, 'g'), ...top], undefined],
    ['is not in .git-revision of a directory below', [...top, file('top/d/.git-revision', commit)], undefined],
    ['is nothing else that stands in .git-revision', [...top, file('top/.git-revision', '25.05')], undefined],
  ])('finds the rev %s', async (_, blocks, expected) => {
    expect((await temporary.inspect(tar(...blocks))).rev).toBe(expected);
  });

  it('counts entries and bytes, and finds flake.nix', async () => {
    const facts = await temporary.inspect(
      tar(...top, file('top/flake.nix', '{ }'), directory('top/d/'), symlink('top/d/s', 'x')),
    );
    expect(facts).toMatchObject({ entries: 4, unpackedSize: 5, flake: true });
  });

  it('reads a directory of an incremental GNU archive, without the list of names in it', async () => {
    const list = padded(`Ya\0Yb\0\0${'Yname\0'.repeat(100)}\0`);
    const incremental = Buffer.concat([
      header('top/d/', { type: 'D', size: 607, mtime: 1_700_000_009, magic: 'ustar  \0' }),
      list,
    ]);
    const facts = await temporary.inspect(tar(...top, incremental, file('top/d/b')));
    expect(facts.narHash).toBe(referenceNarHash({ a: 'x\n', d: { b: 'x\n' } }));
    expect(facts.lastModified).toBe(1_700_000_009);
    await expect(temporary.inspect(Buffer.concat([...top, incremental.subarray(0, 1000)]))).rejects.toThrow(
      "The archive's entry 'top/d/' is cut off",
    );
  });

  it('looks for flake.nix only at the root', async () => {
    const facts = await temporary.inspect(tar(...top, file('top/d/flake.nix', '{ }'), directory('top/flake.nix/')));
    expect(facts.flake).toBe(false);
  });
});

// Each was given to Nix 2.26.3 and 2.34.8, by flakes and by nix-prefetch-url --unpack.
describe('global pax headers', () => {
  it.each([
    ...['path', 'linkpath', 'size', 'mtime', 'atime', 'ctime', 'uid', 'gid', 'uname', 'gname', 'hdrcharset'],
    ...['dev', 'devmajor', 'devminor', 'ino', 'nlink', 'realsize', 'fflags', 'xattr.user.a'].map(
      (key) => `SCHILY.${key}`,
    ),
    ...['access', 'default', 'ace'].map((key) => `SCHILY.acl.${key}`),
    ...['creationtime', 'symlinktype', 'xattr.user.a'].map((key) => `LIBARCHIVE.${key}`),
    ...['GNU.sparse', 'GNU.sparse.major', 'GNU.sparse.name', 'GNU.sparse.foo'],
    ...['SUN.holesdata', 'RHT.security.selinux'],
  ])('refuses a global header that sets %s', async (key) => {
    await expect(temporary.inspect(tar(pax({ comment: 'x', [key]: '5' }, 'g'), ...top))).rejects.toThrow(
      `The archive has a global header that sets ${key}, which some versions of Nix refuse.`,
    );
  });

  it.each([
    ...['comment', 'author', 'VENDOR.key', 'charset', 'GNU.volume.label', 'GNU.volume.filename', 'GNU.dumpdir'],
    ...['SCHILY.archtype', 'SCHILY.release', 'SCHILY.filetype', 'SCHILY.acl.foo', 'SCHILY.devx', 'SCHILY.xattr'],
    ...['LIBARCHIVE.foo', 'GNU.sparsefoo', 'security.foo', 'Path', 'mtimes'],
  ])('ignores a global header that sets %s', async (key) => {
    const facts = await temporary.inspect(tar(pax({ [key]: '5' }, 'g'), ...top));
    expect(facts.narHash).toBe(referenceNarHash({ a: 'x\n' }));
  });
});

describe('malformed tars', () => {
  const bad = header('top/b');
  bad[150] = 0x37;
  it.each<[string, readonly Buffer[], RegExp]>([
    ['a wrong checksum', [bad], /checksum is wrong/],
    ['a character device', [header('top/c', { type: '3' })], /'top\/c' is a character device/],
    ['a block device', [header('top/c', { type: '4' })], /'top\/c' is a block device/],
    ['a fifo', [header('top/c', { type: '6' })], /'top\/c' is a fifo/],
    ['a continued volume', [header('top/c', { type: 'M' })], /has the type "M"/],
    [
      'a hard link with content',
      [header('top/c', { type: '1', link: 'top/a', size: 2 })],
      /is a hardlink with content/,
    ],
    ['a size that is not a number', [header('top/c', { raw: { 124: '9x' } })], /has a size that is not a number/],
    ['a negative size', [header('top/c', { raw: { 124: base256(-1n) } })], /has a negative size/],
    [
      'a time beyond all numbers',
      [header('top/c', { raw: { 136: base256(2n ** 60n) } })],
      /modification time that is not a number/,
    ],
    ['a pax header of wrong length', [file('x', '99 path=top/b\n', { type: 'x' }), file('top/b')], /malformed/],
    ['a pax header without a key', [file('x', '6 =ab\n\n', { type: 'x' }), file('top/b')], /malformed/],
    ['a pax time that is not a number', [pax({ mtime: '17e8' }), file('top/b')], /mtime that is not a number/],
    [
      'two pax headers in a row',
      [pax({ path: 'top/c' }), pax({ mtime: '5' }), file('top/b')],
      /several extended headers/,
    ],
    [
      'a pax header and a GNU long name',
      [gnuLong('L', 'top/c'), pax({ path: 'top/d' }), file('top/b')],
      /several extended headers/,
    ],
    ['a pax header at the end', [pax({ path: 'top/c' })], /ends in an extended header/],
    ['a NUL in a name', [pax({ path: 'top/b\0c' }), file('top/b')], /'top\/b\\x00c' has a NUL/],
    ['a very long extended header', [header('x', { type: 'x', size: 2 ** 21 })], /extended header over 1 MiB/],
    ['a symlink to nothing', [symlink('top/s', '')], /is a symlink to nothing/],
  ])('refuses %s', async (_, blocks, reason) => {
    await expect(temporary.inspect(tar(...top, ...blocks))).rejects.toThrow(reason);
  });

  it.each<[string, Buffer]>([
    ['a header', Buffer.concat([...top, header('top/b').subarray(0, 100)])],
    ['a content', Buffer.concat([...top, header('top/b', { size: 2000 }), Buffer.alloc(1000)])],
    ['the filling behind a content', Buffer.concat([...top, header('top/b', { size: 2 }), Buffer.from('x\n')])],
    ['an extended header', Buffer.concat([...top, pax({ path: 'top/b' }).subarray(0, 700)])],
  ])('refuses a tar that ends in the middle of %s', async (_, bytes) => {
    await expect(temporary.inspect(bytes)).rejects.toThrow(/is cut off/);
  });

  it('refuses what is not a tar', async () => {
    await expect(temporary.inspect(Buffer.from('<html>'.repeat(200)))).rejects.toThrow(/checksum is wrong/);
    await expect(temporary.inspect(Buffer.alloc(0))).rejects.toThrow(/is an empty file/);
    await expect(temporary.inspect(Buffer.from('PK\x03\x04'))).rejects.toThrow(
      'The archive is a zip, which Nix expects under a name that ends in .zip.',
    );
  });

  it.each([
    ['lz4', '04224d18'],
    ['lzip', '4c5a4950'],
    ['lzma', '5d00008000'],
    ['lzop', '894c5a4f'],
    ['lrzip', '4c525a49'],
    ['compress (.Z)', '1f9d90'],
  ])('refuses what is compressed by %s', async (name, begins) => {
    await expect(temporary.inspect(Buffer.from(begins, 'hex'))).rejects.toThrow(
      `The archive is compressed by ${name}, which is not supported: use gzip, xz, zstd or bzip2.`,
    );
  });
});

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { packDirectory, walkDirectory } from '../../../../lib/nar/pack/pack-directory.ts';
import type { PackEntry } from '../../../../lib/nar/pack/write-tar.ts';
import { referenceNarHash, type Tree, type TreeValue } from '../../../support/nar/reference-nar.ts';
import { Temporary } from '../../../support/nar/temporary.ts';

const temporary = new Temporary();
afterAll(() => temporary.remove());

let count = 0;
const fresh = () => {
  const directory = join(temporary.directory, `tree${count++}`);
  mkdirSync(directory);
  return directory;
};

function lay(tree: Tree, directory: string): string {
  for (const [name, value] of Object.entries(tree)) layOne(value, Buffer.from(`${directory}/${name}`, 'latin1'));
  return directory;
}

function layOne(value: TreeValue, path: Buffer): void {
  if (typeof value === 'string') writeFileSync(path, value, 'latin1');
  else if (Array.isArray(value)) {
    if (value[0] === 'symlink') symlinkSync(Buffer.from(value[1], 'latin1'), path);
    else {
      writeFileSync(path, value[1], 'latin1');
      chmodSync(path, 0o755);
    }
  } else {
    mkdirSync(path);
    lay(value as Tree, path.toString('latin1'));
  }
}

async function pack(entries: readonly PackEntry[], extension = '.tar', lastModified = 1_700_000_000): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of packDirectory(entries, { extension, lastModified })) pieces.push(piece.slice());
  return Buffer.concat(pieces);
}

const example: Tree = {
  'flake.nix': '{ outputs = _: { }; }\n',
  bin: { run: ['executable', '#!/bin/sh\n'], 'run-too': ['symlink', 'run'] },
  empty: {},
  'a-b': '',
  a: { b: 'x'.repeat(5000) },
};

describe('packDirectory', () => {
  it.each(['.tar', '.tar.gz', '.tgz', '.tar.zst', '.tar.xz'])(
    'packs to %s without changing the tree',
    async (extension) => {
      const bytes = await pack(await walkDirectory(lay(example, fresh())), extension);
      const facts = await temporary.inspect(bytes, {}, `a${extension}`);
      expect(facts).toMatchObject({
        narHash: referenceNarHash(example),
        lastModified: 1_700_000_000,
        flake: true,
        entries: 8,
      });
    },
  );

  it.each<[string, string]>([
    ['.tar', '445dfdd81d03ea3b67e90bba9a244da7f4ec544e913786db50d6fafc994835d8'],
    ['.tar.xz', 'd21f3f615de834feb9120894c3bee39d8300e0a9cf507deff034cacce859ed22'],
  ])('packs to %s with the same bytes on every machine', async (extension, expected) => {
    const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
    const directory = lay(example, fresh());
    const first = await pack(await walkDirectory(directory), extension);
    utimesSync(join(directory, 'flake.nix'), 5, 5);
    lutimesSync(join(directory, 'bin/run-too'), 6, 6);
    chmodSync(join(directory, 'a-b'), 0o600);
    const second = await pack([...(await walkDirectory(directory))].reverse(), extension);
    expect(sha256(second)).toBe(sha256(first));
    expect(sha256(first)).toBe(expected);
  });

  it('writes a tar that the program tar lists correctly', async () => {
    const path = temporary.put('listed.tar', await pack(await walkDirectory(lay(example, fresh()))));
    const list = execFileSync('tar', ['--numeric-owner', '--utc', '-tvf', path], {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C' },
    });
    expect(list.replace(/ +/g, ' ').trim().split('\n')).toEqual([
      'drwxr-xr-x 0/0 0 2023-11-14 22:13 source/',
      'drwxr-xr-x 0/0 0 2023-11-14 22:13 source/a/',
      '-rw-r--r-- 0/0 0 2023-11-14 22:13 source/a-b',
      '-rw-r--r-- 0/0 5000 2023-11-14 22:13 source/a/b',
      'drwxr-xr-x 0/0 0 2023-11-14 22:13 source/bin/',
      '-rwxr-xr-x 0/0 10 2023-11-14 22:13 source/bin/run',
      'lrwxrwxrwx 0/0 0 2023-11-14 22:13 source/bin/run-too -> run',
      'drwxr-xr-x 0/0 0 2023-11-14 22:13 source/empty/',
      '-rw-r--r-- 0/0 22 2023-11-14 22:13 source/flake.nix',
    ]);
  });

  const name = fc
    .oneof(
      fc.string({
        minLength: 1,
        maxLength: 12,
        unit: fc.integer({ min: 1, max: 255 }).map((byte) => String.fromCharCode(byte)),
      }),
      fc.constantFrom('n'.repeat(99), 'm'.repeat(101), `${'\xfc'.repeat(200)}`, 'a', 'a-', 'a.'),
    )
    .map((text) => text.replaceAll('/', '_'))
    .filter((text) => !/^\.\.?$|^(\.git|git~1)/i.test(text));
  const bytes = fc.string({
    maxLength: 600,
    unit: fc.integer({ min: 0, max: 255 }).map((byte) => String.fromCharCode(byte)),
  });
  const target = fc
    .oneof(fc.constantFrom('a', 't'.repeat(100), 't'.repeat(101), '\xff'.repeat(300)), bytes)
    .map((text) => text.replaceAll('\0', '').slice(0, 1000) || 'x');
  const { tree } = fc.letrec<{ tree: Tree; value: TreeValue }>((tie) => ({
    tree: fc.dictionary(name, tie('value'), { maxKeys: 5 }),
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      bytes,
      bytes.map((text): TreeValue => ['executable', text]),
      target.map((text): TreeValue => ['symlink', text]),
      tie('tree'),
    ),
  }));

  it('packs any tree so that inspecting it gives the NAR hash of the tree', async () => {
    await fc.assert(
      fc.asyncProperty(tree, async (any) => {
        const whole: Tree = { ...any, one: 'file' };
        const packed = await pack(await walkDirectory(lay(whole, fresh())));
        expect((await temporary.inspect(packed)).narHash).toBe(referenceNarHash(whole));
      }),
      { numRuns: 60 },
    );
  });

  it('keeps a time that is too large for ustar', async () => {
    const facts = await temporary.inspect(await pack(await walkDirectory(lay(example, fresh())), '.tar', 2 ** 34));
    expect(facts.lastModified).toBe(2 ** 34);
  });

  it('adds missing parent directories', async () => {
    const entries = (await walkDirectory(lay(example, fresh()))).filter(({ kind }) => kind !== 'directory');
    const { empty: _, ...rest } = example;
    expect((await temporary.inspect(await pack(entries))).narHash).toBe(referenceNarHash(rest));
  });

  it.each([['.git'], ['.Git'], ['.GIT']])('refuses a directory with a %s, or leaves it out', async (name) => {
    const root = lay({ ...example, [name]: { config: '' }, sub: { x: 'x' } }, fresh());
    await expect(walkDirectory(root)).rejects.toThrow(
      `${root} is a git checkout: publish it by itself, or pass --no-git`,
    );
    const deep = lay({ ...example, sub: { x: 'x', [name]: 'gitdir: …' } }, fresh());
    await expect(walkDirectory(deep)).rejects.toThrow(`${deep}/sub is a git checkout`);
    for (const directory of [root, deep]) {
      const packed = await pack(await walkDirectory(directory, { leaveOutGit: true }));
      expect((await temporary.inspect(packed)).narHash).toBe(referenceNarHash({ ...example, sub: { x: 'x' } }));
    }
  });

  it('reports how many bytes of the files it has read', async () => {
    const read: number[] = [];
    const options = { extension: '.tar', lastModified: 0, onRead: (bytes: number) => void read.push(bytes) };
    for await (const _ of packDirectory(await walkDirectory(lay(example, fresh())), options));
    const sizes = ['{ outputs = _: { }; }\n'.length, '#!/bin/sh\n'.length, 5000];
    expect(read.reduce((sum, bytes) => sum + bytes, 0)).toBe(sizes.reduce((sum, size) => sum + size));
  });

  it('refuses what is not a file, directory or symlink', async () => {
    const directory = fresh();
    execFileSync('mkfifo', [join(directory, 'pipe')]);
    await expect(walkDirectory(directory)).rejects.toThrow(
      "The archive's entry 'pipe' is not a file, directory or symlink",
    );
  });

  it('refuses an empty directory, a path twice and a path below a file', async () => {
    await expect(pack([])).rejects.toThrow(/would be empty/);
    const [entry] = await walkDirectory(lay({ f: 'x' }, fresh()));
    if (entry === undefined) throw new Error('no entry');
    await expect(pack([entry, entry])).rejects.toThrow(/'f' is listed twice/);
    await expect(pack([entry, { ...entry, path: 'f/g' }])).rejects.toThrow(/'f\/g' lies below a file/);
  });

  it.each(['.tar.bz2', '.zip', ''])('refuses to pack to %j, and lists what it can pack to', async (extension) => {
    const entries = await walkDirectory(lay(example, fresh()));
    await expect(pack(entries, extension)).rejects.toThrow(/^A directory cannot be packed as .*; choose \.tar\.xz, /);
  });

  it.each<[string, (path: string) => void]>([
    ['shrank', (path) => truncateSync(path, 10)],
    ['grew', (path) => writeFileSync(path, 'y'.repeat(9000))],
  ])('fails when a file %s while it is packed', async (_, change) => {
    const directory = lay(example, fresh());
    for (const extension of ['.tar', '.tar.gz', '.tar.xz']) {
      writeFileSync(join(directory, 'a/b'), 'x'.repeat(5000));
      const entries = await walkDirectory(directory);
      change(join(directory, 'a/b'));
      await expect(pack(entries, extension)).rejects.toThrow(/a\/b changed while it was read; run this again\.$/);
    }
  });

  it('fails when a file becomes a symlink while it is packed', async () => {
    const directory = lay({ f: 'x' }, fresh());
    const entries = await walkDirectory(directory);
    execFileSync('ln', ['-sf', '/etc/passwd', join(directory, 'f')]);
    await expect(pack(entries)).rejects.toThrow(/f cannot be read \(ELOOP\)/);
  });

  it.each(['.tar', '.tar.zst', '.tar.xz'])('can stop packing to %s at any time', async (extension) => {
    const directory = lay({ f: 'x'.repeat(3_000_000), g: 'y' }, fresh());
    const open = () => readdirSync('/dev/fd').length;
    const before = open() + (statSync('/dev/fd').isDirectory() ? 0 : 1);
    for await (const _ of packDirectory(await walkDirectory(directory), { extension, lastModified: 0 })) break;
    // A file is closed some time after it was given up; where it never is, the test runs out of time.
    while (open() > before) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(open()).toBeLessThanOrEqual(before);
  });
});

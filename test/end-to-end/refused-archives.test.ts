import { readdirSync, readFileSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { file, pax, tar, top } from '../support/nar/tar-blocks.ts';
import { tarball } from '../support/tarball.ts';
import { startTestSystem, type TestSystem } from '../support/test-system.ts';

const vectors = new URL('../fixtures/vectors/', import.meta.url).pathname;
const bombs = new URL('../fixtures/nar/', import.meta.url).pathname;
const known: Readonly<Record<string, { readonly error?: unknown }>> = JSON.parse(
  readFileSync(`${vectors}vectors.json`, 'utf8'),
).vectors;

let system: TestSystem;

beforeAll(async () => {
  system = await startTestSystem();
  for (const [channel, extension] of [
    ['gz', '.tar.gz'],
    ['bz2', '.tar.bz2'],
    ['xz', '.tar.xz'],
  ] as const)
    await system.channelctl('add', channel, '--file-extension', extension);
});
afterAll(() => system.close());

/** Refused, in one line; the channel leads nowhere, nothing of it was sent, and no temporary file is left. */
async function refusal(channel: string, path: string, ...flags: string[]): Promise<string> {
  const before = (await readdir(system.directory)).sort();
  const run = await system.channelctl('publish', channel, path, ...flags);
  expect(run).toMatchObject({ code: 3, out: '' });
  const lines = run.err.trimEnd().split('\n');
  expect(lines).toEqual([expect.stringMatching(/^hashing /), expect.stringMatching(/^channelctl: [^\n]+\.$/)]);
  expect(JSON.parse(await system.read(`${channel}.json`)).latest).toBeNull();
  expect((await readdir(system.directory)).sort()).toEqual(before);
  return lines[1] as string;
}

describe('an archive that is refused', () => {
  const reasons = [
    ['dotgit-inside.tar.gz', "entry 'top/.git/' is named .git to Nix"],
    ['fifo.tar.gz', "entry 'top/p' is a fifo"],
    ['hardlink-missing.tar.gz', "entry 'top/a' is a hard link to an entry that is not in the archive before it"],
    ['hardlink-forward.tar.gz', "entry 'top/a' is a hard link to an entry that is not in the archive before it"],
    ['through-symlink.tar.gz', "entry 'top/s/f' lies below a symlink"],
    ['truncated.tar.gz', 'is cut off: its gzip data ends too early'],
    ['empty-archive.tar.gz', 'is empty'],
    ['parent-traversal.tar.gz', "entry 'top/../evil' has `..` in its name"],
    ['leading-parent.tar.gz', "entry '../evil' has `..` in its name"],
    ['single-top-file.tar.gz', "entry 'only.txt' is a single file where a directory is expected"],
    ['single-top-exec.tar.gz', "entry 'only.sh' is a single file where a directory is expected"],
  ] as const;

  it.each(reasons)('says why %s is refused: its %s', async (name, reason) => {
    expect(await refusal('gz', vectors + name, '--name', 'gz-1')).toContain(reason);
    expect((await system.ask('/permanent/gz-1.tar.gz', { method: 'HEAD' })).status).toBe(404);
  });

  it('includes each that Nix refuses', () => {
    const failed = readdirSync(vectors).filter((name) => known[name]?.error !== undefined);
    expect(failed.length).toBeGreaterThan(3);
    expect(reasons.map(([name]) => name)).toEqual(expect.arrayContaining(failed));
  });

  it('does not keep its name from a good archive', async () => {
    const channel = await system.newChannel('--file-extension', '.tar.gz');
    await refusal(channel, `${vectors}fifo.tar.gz`, '--name', `${channel}-1`);
    const run = await system.channelctl('publish', channel, `${vectors}basic.tar.gz`, '--name', `${channel}-1`);
    expect(run).toMatchObject({ code: 0, out: expect.stringContaining(`published: ${channel}-1 `) });
  });
});

describe('an archive that unpacks to far more than it is', () => {
  const limit = ['--max-unpacked', '256MiB'];

  it('is stopped at the limit as a bzip2 bomb', async () => {
    const begins = readFileSync(`${bombs}bomb-begins.bz2`);
    const goesOn = readFileSync(`${bombs}bomb-goes-on.bz2`);
    const path = join(system.directory, 'bz2-1.tar.bz2');
    await writeFile(path, Buffer.concat([begins, ...Array<Buffer>(2_200).fill(goesOn)]));
    expect(await refusal('bz2', path, ...limit)).toContain('unpacks to more than 256 MiB');
  });

  it('is stopped at the limit as a sparse file', async () => {
    const size = `${100 * 2 ** 30}`;
    const sparse = pax({ 'GNU.sparse.size': size, 'GNU.sparse.name': 'top/s', 'GNU.sparse.map': `0,2,${size},0` });
    const path = join(system.directory, 'xz-1.tar.xz');
    await writeFile(path, tar(...top, sparse, file('x', 'ab')));
    expect(await refusal('xz', path, ...limit)).toContain("entry 'top/s' makes the files grow to more than 256 MiB");
  });

  it.each(['nonsense', '0', '-1', '1 GiB', '1GB', '', '1e9'])('cannot be limited to %j', async (size) => {
    const run = await system.channelctl('publish', 'xz', '/nowhere.tar.xz', `--max-unpacked=${size}`);
    expect(run).toMatchObject({ code: 2, out: '', err: expect.stringContaining('It must be a size such as 1GiB') });
  });
});

it('publishes the same bytes under a second name, and says which release has them already', async () => {
  await system.channelctl('add', 'twice');
  const publish = async (name: string, word: string) => {
    await writeFile(join(system.directory, name), tarball(word));
    return system.channelctl('publish', 'twice', join(system.directory, name));
  };
  expect((await publish('twice-1.tar.xz', 'same')).out).not.toContain('same bytes');
  const second = await publish('twice-2.tar.xz', 'same');
  expect(second).toMatchObject({ code: 0, out: expect.stringContaining('published: twice-2 (the latest of twice)') });
  expect(second.out).toContain('\nIt has the same bytes as twice-1: a lock of that one stays as it is.\n');
  expect((await publish('twice-3.tar.xz', 'other')).out).not.toContain('same bytes');
});

it('publishes with --no-look what would be refused, with the facts of the options only', async () => {
  await system.channelctl('add', 'checked', '--file-extension', '.tar.gz');
  const narHash = `sha256-${'A'.repeat(43)}=`;
  const flags = ['--name', 'checked-1', '--no-look', '--nar-hash', narHash, '--last-modified', '7'];
  const { code, out, err } = await system.channelctl('publish', 'checked', `${vectors}fifo.tar.gz`, ...flags);
  expect([code, err]).toEqual([
    0,
    expect.stringContaining(
      'fifo.tar.gz is only hashed: whether Nix can unpack it, and to which narHash, was not checked.',
    ),
  ]);
  expect(out).toContain('# if it has a flake.nix, remove "flake = false;"');
  expect(out).not.toContain('nix-channel --add');
  expect(JSON.parse(await system.read('checked.json'))).toMatchObject({ facts: { narHash, lastModified: 7 } });
  expect((await system.channelctl('publish', 'checked', vectors, '--no-look')).code).toBe(3);
});

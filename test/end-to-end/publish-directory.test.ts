import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ChannelRecord } from '../../lib/domain/record.ts';
import { launchPublish } from '../support/launch-publish.ts';
import { follow } from '../support/raw-request.ts';
import type { CommandRun } from '../support/run-command.ts';
import { startTestSystem, type TestSystem } from '../support/test-system.ts';

const time = 1_747_267_200;
const day = '2025-05-15';
let system: TestSystem;
let sources: string;

beforeAll(async () => {
  sources = await mkdtemp(join(tmpdir(), 'nix-channel-sources-'));
  system = await startTestSystem();
});
afterAll(async () => {
  await system.close();
  await rm(sources, { recursive: true });
});

const add = (channel: string, ...flags: string[]): Promise<CommandRun> => system.channelctl('add', channel, ...flags);

/** Publishes, and sees that no temporary file is left. */
async function publish(channel: string, directory: string, ...flags: string[]): Promise<CommandRun> {
  const run = await system.channelctl('publish', channel, directory, ...flags);
  expect((await readdir(system.directory)).filter((name) => !['data', 'channelctl'].includes(name))).toEqual([]);
  return run;
}

async function directory(name: string, files: Readonly<Record<string, string>>): Promise<string> {
  const path = join(sources, name);
  await mkdir(path);
  for (const [file, content] of Object.entries(files)) {
    const at = join(path, file);
    await mkdir(dirname(at), { recursive: true });
    await writeFile(at, content);
    await utimes(at, time, time);
  }
  for (const each of ['.', ...new Set(Object.keys(files).map(dirname))]) await utimes(join(path, each), time, time);
  return path;
}

function git(path: string, ...args: readonly string[]): string {
  const { PATH } = process.env;
  const date = `${time} +0000`;
  const who = { GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date, HOME: sources, GIT_CONFIG_NOSYSTEM: '1' };
  const config = ['-c', 'user.name=a', '-c', 'user.email=a@example.org', '-c', 'protocol.file.allow=always'];
  const options = { cwd: path, env: { PATH, ...who }, encoding: 'utf8' } as const;
  return execFileSync('git', [...config, ...args], { ...options, stdio: ['ignore', 'pipe', 'pipe'] }).trim();
}

/** With one commit, and a file that git does not track. */
async function checkout(name: string): Promise<{ readonly path: string; readonly rev: string }> {
  const path = await directory(name, { 'flake.nix': '{ }', 'lib/word': 'tracked', 'result.log': 'untracked' });
  git(path, 'init', '-q');
  git(path, 'add', 'flake.nix', 'lib');
  git(path, 'commit', '-q', '-m', 'first');
  return { path, rev: git(path, 'rev-parse', 'HEAD') };
}

const recordOf = async (channel: string): Promise<ChannelRecord> => JSON.parse(await system.read(`${channel}.json`));
const bytesOf = async (channel: string, extension = '.tar.xz'): Promise<Buffer> =>
  (await follow(`${system.baseUrl}/channel/${channel}${extension}`)).body;

describe('a directory', () => {
  it('is packed, and named by the channel, its newest time and its hash', async () => {
    await add('plain');
    const path = await directory('plain', { 'flake.nix': '{ }', 'a/b': 'word' });
    const { code, out } = await publish('plain', path, '--json');
    const { facts, latest } = await recordOf('plain');
    const hash = Buffer.from((facts?.narHash ?? '').slice('sha256-'.length), 'base64').toString('hex');
    expect([code, JSON.parse(out).release]).toEqual([0, `plain-${day}-${hash.slice(0, 7)}`]);
    expect(latest).toBe(JSON.parse(out).release);
    expect(facts).toMatchObject({ lastModified: time });
    expect(facts).not.toHaveProperty('rev');
  });

  it('is the same bytes each time, and "already published" the second', async () => {
    const before = await system.read('plain.json');
    const again = await publish('plain', join(sources, 'plain'));
    expect(again).toMatchObject({ code: 0, out: expect.stringMatching(/^already published: plain-/) });
    expect(await system.read('plain.json')).toBe(before);
    await add('plain-copy');
    expect((await publish('plain-copy', join(sources, 'plain'))).code).toBe(0);
    expect(await bytesOf('plain-copy')).toEqual(await bytesOf('plain'));
  });

  it('is "already published" where another machine compressed it otherwise', async () => {
    await add('raw', '--file-extension', '.tar');
    await add('otherwise');
    expect((await publish('raw', join(sources, 'plain'))).code).toBe(0);
    const file = join(sources, 'otherwise-1.tar.xz');
    await writeFile(file, await bytesOf('raw', '.tar'));
    expect((await publish('otherwise', file)).code).toBe(0);
    const before = await system.read('otherwise.json');
    const same = await publish('otherwise', join(sources, 'plain'), '--name', 'otherwise-1');
    expect(same).toMatchObject({ code: 0, out: expect.stringMatching(/^already published: otherwise-1 /) });
    const older = ['--last-modified', String(time - 1)];
    for (const [path, ...flags] of [
      [await directory('other-tree', { 'flake.nix': '{ }' })],
      [join(sources, 'plain'), ...older],
    ] as [string, ...string[]][]) {
      const other = await publish('otherwise', path, '--name', 'otherwise-1', ...flags);
      expect(other).toMatchObject({ code: 4, err: expect.stringContaining('with other bytes') });
    }
    expect(await system.read('otherwise.json')).toBe(before);
    expect(await bytesOf('otherwise')).toEqual(await bytesOf('raw', '.tar'));
  });

  it.each([
    ['.tar.gz', '1f8b'],
    ['.tar.zst', '28b52ffd'],
    ['.tar.xz', 'fd377a58'],
    ['.tar', ''],
  ])('is packed as the channel has it, %s', async (extension, magic) => {
    const channel = `as${extension.replaceAll('.', '-')}`;
    await add(channel, '--file-extension', extension);
    expect((await publish(channel, join(sources, 'plain'))).code).toBe(0);
    const bytes = await bytesOf(channel, extension);
    expect(bytes.subarray(0, magic.length / 2).toString('hex')).toBe(magic);
    const { facts } = await recordOf(channel);
    expect(facts?.narHash).toBe((await recordOf('plain')).facts?.narHash);
    expect(facts?.sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
  });

  it.each(['.tar.bz2', '.iso'])('is refused in one sentence where the channel takes %s', async (extension) => {
    const channel = `not${extension.replaceAll('.', '-')}`;
    await add(channel, '--file-extension', extension);
    const run = await publish(channel, join(sources, 'plain'));
    expect(run).toMatchObject({ code: 3, out: '' });
    expect(run.err).toMatch(
      new RegExp(`^[^\n]*\nchannelctl: A directory cannot be packed as \\${extension}[^\n]*\\.\n$`),
    );
  });

  it('is refused with a fifo in it, or nothing', async () => {
    const path = await directory('with-fifo', { word: 'word' });
    execFileSync('mkfifo', [join(path, 'pipe')]);
    const run = await publish('plain', path);
    expect(run).toMatchObject({
      code: 3,
      out: '',
      err: expect.stringMatching(/^channelctl: [^\n]*'pipe' is no file, directory or symlink[^\n]*\n$/),
    });
    const empty = await publish('plain', await directory('empty', {}));
    expect(empty).toMatchObject({ code: 3, err: expect.stringMatching(/^channelctl: [^\n]*nothing to publish\.\n$/) });
  });
});

describe('a git checkout', () => {
  it('is what git tracks, with the facts of its commit', async () => {
    await add('checkout');
    const { path, rev } = await checkout('checkout');
    expect(await publish('checkout', path)).toMatchObject({ code: 0 });
    const record = await recordOf('checkout');
    expect(record.latest).toBe(`checkout-${day}-${rev.slice(0, 7)}`);
    expect(record.facts).toMatchObject({ rev, revCount: 1, lastModified: time });
    const { headers } = await system.ask('/channel/checkout.tar.xz');
    expect(headers.link).toContain(`?rev=${rev}&revCount=1&lastModified=${time}&narHash=`);
    await add('tracked');
    await publish('tracked', await directory('tracked', { 'flake.nix': '{ }', 'lib/word': 'tracked' }));
    expect(record.facts?.narHash).toBe((await recordOf('tracked')).facts?.narHash);
  });

  it('is named by what the command line says before what git says', async () => {
    await add('said');
    const rev = 'ab'.repeat(20);
    const flags = ['--rev', rev, '--rev-count', '7', '--last-modified', '86400'];
    expect((await publish('said', join(sources, 'checkout'), ...flags)).code).toBe(0);
    expect(await recordOf('said')).toMatchObject({
      latest: 'said-1970-01-02-abababa',
      facts: { rev, revCount: 7, lastModified: 86_400 },
    });
  });

  it('is refused with changes, and has no rev where that is allowed', async () => {
    await add('dirty');
    const { path, rev } = await checkout('dirty');
    await writeFile(join(path, 'lib/word'), 'changed');
    const before = await system.read('dirty.json');
    const refused = await publish('dirty', path);
    expect(refused).toMatchObject({ code: 3, out: '' });
    expect(refused.err).toMatch(/^channelctl: [^\n]*changes that are not committed[^\n]*--allow-dirty\.\n$/);
    expect(await system.read('dirty.json')).toBe(before);
    expect((await publish('dirty', path, '--allow-dirty')).code).toBe(0);
    const { facts, latest } = await recordOf('dirty');
    expect(facts).not.toHaveProperty('rev');
    expect(facts).not.toHaveProperty('revCount');
    expect(latest).not.toContain(rev.slice(0, 7));
    expect(facts?.narHash).not.toBe((await recordOf('checkout')).facts?.narHash);
  });

  it('is a plain directory where there is no git', async () => {
    await add('no-git');
    const { path } = await checkout('no-git');
    const command = launchPublish(system, 'no-git', path, { PATH: '/nowhere' });
    expect([await command.ended, command.printed()]).toEqual([0, expect.stringContaining('published: no-git-')]);
    const { facts, latest } = await recordOf('no-git');
    const hash = Buffer.from((facts?.narHash ?? '').slice('sha256-'.length), 'base64').toString('hex');
    expect(latest).toMatch(new RegExp(`-${hash.slice(0, 7)}$`));
    expect(facts).not.toHaveProperty('rev');
    expect(facts?.narHash).not.toBe((await recordOf('checkout')).facts?.narHash);
  });

  it('is refused with a submodule', async () => {
    const { path } = await checkout('with-submodule');
    git(path, 'submodule', '--quiet', 'add', join(sources, 'checkout'), 'module');
    git(path, 'commit', '-q', '-m', 'second');
    const run = await publish('checkout', path);
    expect(run).toMatchObject({ code: 3, out: '' });
    expect(run.err).toMatch(/^channelctl: [^\n]*'module' is a submodule[^\n]*\n$/);
  });
});

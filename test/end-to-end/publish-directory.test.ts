import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ChannelRecord } from '../../lib/domain/record.ts';
import { follow } from '../support/raw-request.ts';
import type { CommandRun } from '../support/run-command.ts';
import { type SourceDirectories, sourceDirectories, sourceTime as time } from '../support/source-directories.ts';
import { startTestSystem, type TestSystem } from '../support/test-system.ts';

const day = '2025-05-15';
let system: TestSystem;
let sources: SourceDirectories;
const directory: SourceDirectories['directory'] = (name, files) => sources.directory(name, files);
/** A directory, which the channel `plain` has. */
let plain: string;

beforeAll(async () => {
  sources = await sourceDirectories();
  system = await startTestSystem();
  plain = await directory('plain', { 'flake.nix': '{ }', 'a/b': 'word' });
  await add('plain');
  expect((await publish('plain', plain)).code).toBe(0);
});
afterAll(async () => {
  await system.close();
  await sources.remove();
});

const add = (channel: string, ...flags: string[]): Promise<CommandRun> => system.channelctl('add', channel, ...flags);

/** Publishes, and sees that no temporary file is left. */
async function publish(channel: string, directory: string, ...flags: string[]): Promise<CommandRun> {
  const run = await system.channelctl('publish', channel, directory, ...flags);
  expect((await readdir(system.directory)).filter((name) => !['data', 'channelctl'].includes(name))).toEqual([]);
  return run;
}

const recordOf = async (channel: string): Promise<ChannelRecord> => JSON.parse(await system.read(`${channel}.json`));
const bytesOf = async (channel: string, extension = '.tar.xz'): Promise<Buffer> =>
  (await follow(`${system.baseUrl}/channel/${channel}${extension}`)).body;

describe('a directory that is published', () => {
  it('is packed, and named after the channel, its newest time and its hash', async () => {
    const channel = await system.newChannel();
    const { code, out, err } = await publish(channel, plain, '--json');
    expect(err).toContain('packing 7 B\n');
    const { facts, latest } = await recordOf(channel);
    const hash = Buffer.from((facts?.narHash ?? '').slice('sha256-'.length), 'base64').toString('hex');
    expect([code, JSON.parse(out).release]).toEqual([0, `${channel}-${day}-nar-${hash.slice(0, 7)}`]);
    expect(latest).toBe(JSON.parse(out).release);
    expect(facts).toMatchObject({ lastModified: time });
    expect(facts).not.toHaveProperty('rev');
  });

  it('has the same bytes each time, and is "already published" the second time', async () => {
    const before = await system.read('plain.json');
    const again = await publish('plain', plain);
    expect(again).toMatchObject({ code: 0, out: expect.stringMatching(/^already published: plain-/) });
    expect(await system.read('plain.json')).toBe(before);
    await add('plain-copy');
    expect((await publish('plain-copy', plain)).code).toBe(0);
    expect(await bytesOf('plain-copy')).toEqual(await bytesOf('plain'));
  });

  it('is "already published" where another machine compressed it differently', async () => {
    await add('raw', '--file-extension', '.tar');
    await add('otherwise');
    expect((await publish('raw', plain)).code).toBe(0);
    const file = join(sources.root, 'otherwise-1.tar.xz');
    await writeFile(file, await bytesOf('raw', '.tar'));
    expect((await publish('otherwise', file)).code).toBe(0);
    const before = await system.read('otherwise.json');
    const same = await publish('otherwise', plain, '--name', 'otherwise-1');
    expect(same).toMatchObject({ code: 0, out: expect.stringMatching(/^already published: otherwise-1 /) });
    const older = ['--last-modified', String(time - 1)];
    for (const [path, ...flags] of [[await directory('other-tree', { 'flake.nix': '{ }' })], [plain, ...older]] as [
      string,
      ...string[],
    ][]) {
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
  ])('is packed as %s where the channel has that extension', async (extension, magic) => {
    const channel = `as${extension.replaceAll('.', '-')}`;
    await add(channel, '--file-extension', extension);
    expect((await publish(channel, plain)).code).toBe(0);
    const bytes = await bytesOf(channel, extension);
    expect(bytes.subarray(0, magic.length / 2).toString('hex')).toBe(magic);
    const { facts } = await recordOf(channel);
    expect(facts?.narHash).toBe((await recordOf('plain')).facts?.narHash);
    expect(facts?.sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
  });

  it.each(['.tar.bz2', '.iso'])('is refused in one sentence where the channel takes %s', async (extension) => {
    const channel = `not${extension.replaceAll('.', '-')}`;
    await add(channel, '--file-extension', extension);
    const run = await publish(channel, plain);
    expect(run).toMatchObject({ code: 3, out: '' });
    expect(run.err).toMatch(
      new RegExp(`^packing 7 B\nchannelctl: A directory cannot be packed as \\${extension}[^\n]*\\.\n$`),
    );
  });

  it('is refused with a fifo in it, and when it is empty', async () => {
    const path = await directory('with-fifo', { word: 'word' });
    execFileSync('mkfifo', [join(path, 'pipe')]);
    const run = await publish('plain', path);
    expect(run).toMatchObject({
      code: 3,
      out: '',
      err: expect.stringMatching(/^channelctl: [^\n]*'pipe' is not a file, directory or symlink[^\n]*\n$/),
    });
    const empty = await publish('plain', await directory('empty', {}));
    expect(empty).toMatchObject({ code: 3, err: expect.stringMatching(/^channelctl: [^\n]*nothing to publish\.\n$/) });
  });
});

import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ChannelRecord } from '../../lib/domain/record.ts';
import { launch } from '../support/launch.ts';
import { launchPublish, publisherEnvironment } from '../support/launch-publish.ts';
import { follow } from '../support/raw-request.ts';
import type { CommandRun } from '../support/run-command.ts';
import { type SourceDirectories, sourceDirectories, sourceTime } from '../support/source-directories.ts';
import { startTestSystem, type TestSystem } from '../support/test-system.ts';

/** A service elsewhere, and the one that mirrors it. */
let source: TestSystem;
let mirror: TestSystem;
let sources: SourceDirectories;
const closing: (() => void)[] = [];

beforeAll(async () => {
  [source, mirror] = await Promise.all([startTestSystem(), startTestSystem()]);
  sources = await sourceDirectories();
});
afterAll(async () => {
  for (const close of closing) close();
  await Promise.all([source.close(), mirror.close()]);
  await sources.remove();
});

const recordOf = async (system: TestSystem, channel: string): Promise<ChannelRecord> =>
  JSON.parse(await system.read(`${channel}.json`));
const bytesOf = async (system: TestSystem, channel: string): Promise<Buffer> =>
  (await follow(`${system.baseUrl}/channel/${channel}.tar.xz`)).body;
const spooled = async ({ directory }: TestSystem): Promise<string[]> =>
  (await readdir(directory)).filter((name) => name.startsWith('channelctl-'));

/** Publishes to the mirror, and sees that no temporary file is left. */
async function publish(channel: string, url: string, ...flags: string[]): Promise<CommandRun> {
  const run = await mirror.channelctl('publish', channel, url, '--allow-private', ...flags);
  expect(await spooled(mirror)).toEqual([]);
  return run;
}

/** A channel of the source with one release, made from a checkout. */
async function sourceChannel(name: string): Promise<{ channel: string; url: string; rev: string; path: string }> {
  const channel = await source.newChannel();
  const { path, rev } = await sources.checkout(name);
  expect(await source.channelctl('publish', channel, path)).toMatchObject({ code: 0, err: expect.anything() });
  return { channel, url: `${source.baseUrl}/channel/${channel}.tar.xz`, rev, path };
}

/** Counts the requests to the source's functions while something is done. */
async function requestsDuring(work: () => Promise<unknown>): Promise<number> {
  const count = () => source.written.filter((line) => line.includes('"message":"request"')).length;
  const before = count();
  await work();
  return count() - before;
}

describe('a channel that mirrors one of another service', () => {
  it('has its bytes and its facts, and is left alone while they stay the same', async () => {
    const from = await sourceChannel('mirrored');
    const channel = await mirror.newChannel();
    const first = await publish(channel, from.url, '--json');
    expect(first.code).toBe(0);
    const { facts: theirs } = await recordOf(source, from.channel);
    const { facts: ours, latest } = await recordOf(mirror, channel);
    const { rev, revCount, lastModified, narHash, sha256 } = theirs ?? {};
    expect(ours).toMatchObject({ rev, revCount, lastModified, narHash, sha256 });
    expect([rev, revCount, lastModified]).toEqual([from.rev, 1, sourceTime]);
    expect(latest).toBe(`${channel}-2025-05-15-${from.rev.slice(0, 7)}`);
    const bytes = await bytesOf(mirror, channel);
    expect(bytes).toEqual(await bytesOf(source, from.channel));
    const answer = { rev, revCount, lastModified, narHash, sha256, size: bytes.length };
    expect(JSON.parse(first.out)).toMatchObject({ fresh: true, release: latest, ...answer });

    const before = await mirror.read(`${channel}.json`);
    const requests = await requestsDuring(async () => {
      const again = await publish(channel, from.url);
      expect(again).toMatchObject({
        code: 0,
        out: expect.stringContaining(`already published: ${latest} (nothing changed: ${channel} already points to it)`),
      });
    });
    expect([requests, await mirror.read(`${channel}.json`)]).toEqual([1, before]);

    const next = join(from.path, 'lib/word');
    await writeFile(next, 'next');
    sources.git(from.path, 'commit', '-q', '-a', '-m', 'second');
    expect((await source.channelctl('publish', from.channel, from.path)).code).toBe(0);
    expect(await publish(channel, from.url)).toMatchObject({ code: 0, out: expect.stringMatching(/^published: /) });
    expect((await recordOf(mirror, channel)).facts?.revCount).toBe(2);
  });

  it('is refused what its Link claims another rev of', async () => {
    const claimed = '0c'.repeat(20);
    const within = '0d'.repeat(20);
    const path = await sources.directory('claiming', { 'flake.nix': '{ }', '.git-revision': within });
    const from = await source.newChannel();
    expect((await source.channelctl('publish', from, path, '--rev', claimed)).code).toBe(0);
    const channel = await mirror.newChannel();
    const run = await publish(channel, `${source.baseUrl}/channel/${from}.tar.xz`);
    expect(run).toMatchObject({ code: 3, out: '' });
    expect(run.err).toMatch(
      new RegExp(`is refused: its rev is ${claimed} by the Link, but ${within} by the archive\\.\n$`),
    );
    expect((await recordOf(mirror, channel)).latest).toBeNull();
  });

  it('is not read from this machine unless that is asked for', async () => {
    const { url } = await sourceChannel('private');
    const channel = await mirror.newChannel();
    for (const each of [url, url.replace('127.0.0.1', 'localhost')]) {
      const requests = await requestsDuring(async () => {
        const run = await mirror.channelctl('publish', channel, each);
        expect(run).toMatchObject({
          code: 3,
          out: '',
          err: expect.stringMatching(/^channelctl: [^\n]+ not public: pass --allow-private[^\n]+\n$/),
        });
      });
      expect(requests).toBe(0);
    }
  });
});

describe('a file at a URL', () => {
  /** Answers each request by the function of its turn; the last one answers all that follow. */
  async function urlOf(...turns: http.RequestListener[]): Promise<string> {
    let turn = 0;
    const server = http.createServer((request, response) => {
      turns[Math.min(turn, turns.length - 1)]?.(request, response);
      turn += 1;
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(() => {
      server.closeAllConnections();
      server.close();
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/nixexprs.tar.xz`;
  }

  async function archive(): Promise<Buffer> {
    const { channel } = await sourceChannel(`archive-${closing.length}`);
    return bytesOf(source, channel);
  }

  const breaks =
    (bytes: Buffer, etag: string): http.RequestListener =>
    (request, response) => {
      response.writeHead(200, { etag, 'content-length': bytes.length });
      response.write(bytes.subarray(0, 100), () => setTimeout(() => request.socket.destroy(), 20));
    };

  it('is read to its end although the connection breaks', async () => {
    const bytes = await archive();
    const asked: unknown[] = [];
    const url = await urlOf(breaks(bytes, '"a"'), ({ headers }, response) => {
      asked.push(headers.range, headers['if-range']);
      response.writeHead(206, { etag: '"a"', 'content-range': `bytes 100-${bytes.length - 1}/${bytes.length}` });
      response.end(bytes.subarray(100));
    });
    const channel = await mirror.newChannel();
    const { code, out } = await publish(channel, url, '--json');
    expect([code, JSON.parse(out).sha256]).toEqual([0, createHash('sha256').update(bytes).digest('hex')]);
    expect(await bytesOf(mirror, channel)).toEqual(bytes);
    expect(asked).toEqual(['bytes=100-', '"a"']);
  });

  it.each<[string, (bytes: Buffer) => http.RequestListener[], number, RegExp]>([
    [
      'changes while it is read',
      (bytes) => [
        breaks(bytes, '"a"'),
        (_, response) => response.writeHead(200, { etag: '"b"', 'content-length': bytes.length }).end(bytes),
      ],
      7,
      /changed while it was read: run the same command again\.\n$/,
    ],
    [
      'is a page',
      () => [(_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html>')],
      3,
      /answers with an HTML page instead of a file: [^\n]+\n$/,
    ],
    [
      'is cut off, which its connection does not tell',
      (bytes) => [
        (_, response) => {
          response.useChunkedEncodingByDefault = false;
          response.writeHead(200, { connection: 'close' }).end(bytes.subarray(0, 200));
        },
      ],
      3,
      /The archive is cut off[^\n]+\n$/,
    ],
    ['does not exist', () => [(_, response) => response.writeHead(404).end()], 6, /does not exist \(404\): [^\n]+\n$/],
  ])('is not published where it %s', async (_, turns, code, message) => {
    const url = await urlOf(...turns(await archive()));
    const channel = await mirror.newChannel();
    expect(await publish(channel, url)).toMatchObject({ code, out: '', err: expect.stringMatching(message) });
    expect((await recordOf(mirror, channel)).latest).toBeNull();
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('leaves no file behind when %s ends the command', async (signal) => {
    const url = await urlOf((_, response) => {
      response.writeHead(200, { 'content-length': 1_000_000 }).write('x'.repeat(1_000));
    });
    const channel = await mirror.newChannel();
    const run = launchPublish(mirror, channel, url, {}, '--allow-private');
    while ((await spooled(mirror)).length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await run.end(signal)).not.toBe(0);
    expect(await spooled(mirror)).toEqual([]);
  });
});

it('publishes what a pipe brings', async () => {
  const { channel: from } = await sourceChannel('piped');
  const bytes = await bytesOf(source, from);
  const channel = await mirror.newChannel();
  const args = ['bin/channelctl.ts', 'publish', channel, '--name', `${channel}-1`, '--json'];
  const run = launch(process.execPath, args, publisherEnvironment(mirror), 'pipe');
  run.child.stdin?.end(bytes);
  expect([await run.ended, run.printed()]).toEqual([0, expect.stringContaining(`"size":${bytes.length}`)]);
  expect(await bytesOf(mirror, channel)).toEqual(bytes);
  expect(await spooled(mirror)).toEqual([]);
});

describe('--version-files', () => {
  it('adds what the channels of nixpkgs have, to the archive alone', async () => {
    const { path, rev } = await sources.checkout('versioned');
    const channel = await mirror.newChannel();
    const { code, out } = await mirror.channelctl('publish', channel, path, '--version-files', '--json');
    expect(code).toBe(0);
    expect(sources.git(path, 'status', '--porcelain')).toBe('?? result.log');

    // The same tree with the files, as anybody could lay it.
    const names = { '.git-revision': rev, '.version-suffix': `pre1.${rev.slice(0, 12)}` };
    const tracked = { 'flake.nix': await readFile(join(path, 'flake.nix'), 'utf8'), 'lib/word': 'tracked' };
    const laid = await sources.directory('versioned-by-hand', { ...tracked, ...names });
    const other = await mirror.newChannel();
    const byHand = await mirror.channelctl('publish', other, laid, '--json');
    expect(JSON.parse(out)).toMatchObject({ rev, revCount: 1, narHash: JSON.parse(byHand.out).narHash });
  });

  it('replaces files of these names', async () => {
    const { path, rev } = await sources.checkout('replacing');
    await writeFile(join(path, '.git-revision'), '0e'.repeat(20));
    sources.git(path, 'add', '.git-revision');
    sources.git(path, 'commit', '-q', '-m', 'second');
    const head = sources.git(path, 'rev-parse', 'HEAD');
    const channel = await mirror.newChannel();
    const run = await mirror.channelctl('publish', channel, path, '--version-files', '--json');
    expect(JSON.parse(run.out)).toMatchObject({ rev: head, revCount: 2 });
    expect(head).not.toBe(rev);
  });

  it.each([
    ['a directory', [], 'there is no rev'],
    ['a directory with a rev alone', ['--rev', '0a'.repeat(20)], 'there is no revCount'],
  ])('is refused for %s', async (_, flags, message) => {
    const path = await sources.directory(`plain-${flags.length}`, { 'flake.nix': '{ }' });
    const channel = await mirror.newChannel();
    const run = await mirror.channelctl('publish', channel, path, '--version-files', ...flags);
    expect(run).toMatchObject({ code: 3, out: '', err: expect.stringContaining(message) });
  });

  it('is refused for a checkout with changes', async () => {
    const { path } = await sources.checkout('dirty');
    await writeFile(join(path, 'lib/word'), 'changed');
    const channel = await mirror.newChannel();
    const run = await mirror.channelctl('publish', channel, path, '--version-files', '--allow-dirty');
    expect(run).toMatchObject({ code: 3, out: '', err: expect.stringContaining('a checkout without changes') });
  });
});

import { access, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { localPublisher } from '../../lib/local/local-settings.ts';
import { type CountingProxy, countingProxy } from '../support/counting-proxy.ts';
import type { Started } from '../support/launch.ts';
import { launchPublish } from '../support/launch-publish.ts';
import type { CommandRun } from '../support/run-command.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { againstRealStore, startTestSystem, type TestSystem } from '../support/test-system.ts';

const rev = '0123456789abcdef0123456789abcdef01234567';
let bucket: TestSystem;
let line: CountingProxy;
let system: TestSystem;
let states: string;

/** A file of three parts. */
const files = temporaryDirectory();
const parts = [Buffer.alloc(16 << 20, 'a'), Buffer.alloc(16 << 20, 'b'), Buffer.alloc(1 << 20, 'c')];
const path = files.file('images-1.iso', Buffer.concat(parts));
afterAll(() => files.remove());

beforeEach(async () => {
  bucket = await startTestSystem();
  line = await countingProxy(bucket.endpoint);
  const { region, ...keys } = localPublisher;
  const { AWS_ACCESS_KEY_ID = '', AWS_SECRET_ACCESS_KEY = '' } = process.env;
  const credentials = againstRealStore
    ? { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY }
    : keys;
  system = await startTestSystem({ bucket: bucket.bucket, store: { endpoint: line.endpoint, region, credentials } });
  await system.channelctl('add', 'images', '--file-extension', '.iso');
  states = join(system.directory, 'channelctl');
});
afterEach(async () => {
  await line.close();
  await system.close();
  await bucket.close();
});

const publish = (...flags: string[]): Promise<CommandRun> => system.channelctl('publish', 'images', path, ...flags);
const statesLeft = (): Promise<string[]> => readdir(states).catch(() => []);
const published = { code: 0, out: expect.stringContaining('published: images-1 (the latest of images)') };
const goesOn = /continuing an interrupted upload: (\d) parts have arrived/;

/** The command as a process of its own. */
const launched = (channel = 'images', what = path): Started => launchPublish(system, channel, what);

async function partsArrived(count: number): Promise<void> {
  while (line.parts.length < count) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** Leaves an upload of which part 2 is missing. */
async function interrupt(signal: NodeJS.Signals): Promise<void> {
  line.onPart = (partNumber) => (partNumber === 2 ? 'hold' : 'pass');
  const command = launched();
  await line.held();
  await partsArrived(2);
  await command.end(signal);
  expect(command.child.signalCode).toBe(signal);
  expect(command.printed().includes('Run the same command again: the parts that arrived are kept.')).toBe(
    signal !== 'SIGKILL',
  );
  expect([...line.parts].sort()).toEqual([1, 3]);
  line.onPart = () => 'pass';
  line.parts.length = 0;
}

/** As `interrupt` does, by a run that ends by itself. */
async function giveUp(): Promise<CommandRun> {
  line.onPart = (partNumber) => (partNumber === 2 ? 'drop' : 'pass');
  const failed = await publish();
  expect([...line.parts].sort()).toEqual([1, 3]);
  line.onPart = () => 'pass';
  line.parts.length = 0;
  return failed;
}

describe('an interrupted upload', () => {
  it.each(['SIGKILL', 'SIGINT'] as const)('goes on after %s with what is missing, and nothing else', async (signal) => {
    await interrupt(signal);
    expect(JSON.parse(await system.read('images.json')).latest).toBeNull();
    const [state = ''] = await statesLeft();
    expect((await stat(join(states, state))).mode & 0o777).toBe(0o600);
    expect((await stat(states)).mode & 0o777).toBe(0o700);
    const run = await publish();
    expect(run).toMatchObject(published);
    expect(goesOn.exec(run.err)?.[1]).toBe('2');
    expect(line.parts).toEqual([2]);
    expect(await statesLeft()).toEqual([]);
    expect(Number((await system.ask('/permanent/images-1.iso', { method: 'HEAD' })).headers['content-length'])).toBe(
      33 << 20,
    );
  });

  it('goes on where the bucket was away for longer than the command had patience', async () => {
    const failed = await giveUp();
    expect(failed).toMatchObject({ code: 7, out: '', err: expect.stringContaining('Part 2 does not arrive') });
    expect(failed.err.trimEnd().split('\n').at(-1)).toMatch(/^channelctl: .*run the same command again\.$/);
    expect(await publish()).toMatchObject(published);
    expect(line.parts).toEqual([2]);
  });

  it('gets new URLs within one run where its URLs have expired', async () => {
    let refused = 0;
    line.onPart = (partNumber) => {
      if (partNumber === 1 || refused > 2) return 'pass';
      refused += 1;
      return 'refuse';
    };
    expect(await publish()).toMatchObject(published);
    expect(refused).toBe(3);
    expect([...line.parts].sort()).toEqual([1, 2, 3]);
  });

  it.each([
    ['other flags', async () => {}, ['--rev', rev]],
    ['a lost state file', async (file: string) => rm(file), []],
    ['a damaged state file', (file: string) => writeFile(file, '{"upload": "x'), []],
    [
      'a state file that names another upload',
      async (file: string) => {
        const state = JSON.parse(await readFile(file, 'utf8'));
        await writeFile(file, JSON.stringify({ ...state, upload: '00000000-0000-4000-8000-000000000000' }));
      },
      [],
    ],
  ])('begins again from the start with %s', async (_, change, flags) => {
    await giveUp();
    const [state = ''] = await statesLeft();
    await change(join(states, state));
    const run = await publish(...flags);
    expect(run).toMatchObject(published);
    expect(run.err).not.toMatch(goesOn);
    expect([...line.parts].sort()).toEqual([1, 2, 3]);
    expect(await statesLeft()).toEqual([]);
  });
});

it('the command removes a packed directory at Ctrl-C, and goes on with its upload when it is packed again', async () => {
  await system.channelctl('add', 'trees', '--file-extension', '.tar');
  const tree = join(system.directory, 'tree');
  await mkdir(tree);
  await writeFile(join(tree, 'large'), Buffer.alloc(20 << 20, 'a'));
  const packed = async () => (await readdir(system.directory)).filter((name) => name.startsWith('channelctl-'));
  line.onPart = (partNumber) => (partNumber === 2 ? 'hold' : 'pass');
  const command = launched('trees', tree);
  await line.held();
  await partsArrived(1);
  expect(await packed()).toHaveLength(1);
  await command.end('SIGINT');
  expect(command.child.signalCode).toBe('SIGINT');
  expect(await packed()).toEqual([]);
  line.onPart = () => 'pass';
  const run = await system.channelctl('publish', 'trees', tree);
  expect(run).toMatchObject({ code: 0, err: expect.stringMatching(goesOn) });
  expect(line.parts).toEqual([1, 2]);
});

it('the command says that the file changed when other bytes arrive than it declared, and publishes nothing', async () => {
  line.onPart = (partNumber) => (partNumber === 3 ? 'alter' : 'pass');
  const run = await publish();
  expect(run).toMatchObject({ code: 3, out: '' });
  expect(run.err).toMatch(/\nchannelctl: [^\n]*changed while it was uploaded[^\n]*\n$/);
  expect(line.parts).not.toContain(3);
  expect(JSON.parse(await system.read('images.json')).latest).toBeNull();
});

it('the command publishes where it cannot keep the state of an upload', async () => {
  await writeFile(states, 'a file where the folder should be');
  expect(await publish()).toMatchObject(published);
  await access(states);
});

it('the command leaves the state of other uploads as it is', async () => {
  await mkdir(states);
  await writeFile(join(states, 'another.json'), '{}');
  expect(await publish()).toMatchObject(published);
  expect(await statesLeft()).toEqual(['another.json']);
});

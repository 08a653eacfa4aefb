import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freePort } from '../support/free-port.ts';
import { launch } from '../support/launch.ts';
import { publisherEnvironment } from '../support/launch-publish.ts';
import { rawRequest } from '../support/raw-request.ts';
import { tarball } from '../support/tarball.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../support/temporary-directory.ts';
import { startTestSystem, type TestSystem } from '../support/test-system.ts';

let directory: TemporaryDirectory;
let path: string;
beforeAll(() => {
  directory = temporaryDirectory();
  path = directory.file('demo-1.tar.xz', tarball('word'));
});
afterAll(() => directory.remove());

/** What the command prints on a pseudo-terminal, which util-linux makes. */
async function onTerminal(environment: Readonly<Record<string, string>>): Promise<string> {
  const line = `'${process.execPath}' bin/channelctl.ts inspect '${path}'`;
  const run = launch('script', ['-qec', line, '/dev/null'], { TMPDIR: directory.path, ...environment });
  expect(await run.ended).toBe(0);
  expect(run.printed()).toContain('narHash');
  return run.printed();
}

const colour = new RegExp(`${String.fromCharCode(27)}\\[[\\d;]*m`);
const drawing = '\r\x1b[K';

const onLinux = process.platform === 'linux' ? it : it.skip;

onLinux('the command draws progress on a terminal, without colours', async () => {
  for (const environment of [
    { TERM: 'xterm-256color' },
    { TERM: 'xterm', NO_COLOR: '1' },
    { TERM: 'xterm', FORCE_COLOR: '1' },
  ]) {
    const text = await onTerminal(environment);
    expect(text).toContain(drawing);
    expect(text).not.toMatch(colour);
  }
});

onLinux('the command draws nothing on a terminal that cannot move its cursor', async () => {
  const text = await onTerminal({ TERM: 'dumb' });
  expect(text).not.toContain('\x1b');
  expect(text).toContain('hashing 2.5 KiB\r\n');
});

it('the command draws nothing where there is no terminal', async () => {
  const run = launch(process.execPath, ['bin/channelctl.ts', 'inspect', path], { TERM: 'xterm', FORCE_COLOR: '1' });
  expect(await run.ended).toBe(0);
  expect(run.printed()).not.toContain('\x1b');
  expect(run.printed()).toContain('hashing 2.5 KiB\n');
});

onLinux('the command goes on where nobody reads what it prints', async () => {
  const line = `set -o pipefail; '${process.execPath}' bin/channelctl.ts inspect '${path}' | true`;
  const run = launch('bash', ['-c', line], { TMPDIR: directory.path });
  expect(await run.ended).toBe(0);
  expect(run.printed()).not.toContain('EPIPE');
});

describe('channelctl on a terminal', () => {
  let system: TestSystem;
  beforeAll(async () => {
    system = await startTestSystem();
  });
  afterAll(() => system.close());

  interface Answer {
    readonly code: number | null;
    readonly text: string;
  }

  /** Runs the command on a pseudo-terminal, and types a line once a question stands there. */
  async function type(args: readonly string[], question?: string, line?: string): Promise<Answer> {
    const words = [process.execPath, 'bin/channelctl.ts', ...args].map((word) => `'${word}'`).join(' ');
    const run = launch('script', ['-qec', words, '/dev/null'], publisherEnvironment(system), 'pipe');
    if (question !== undefined) {
      await run.until(question);
      run.child.stdin?.write(`${line}\n`);
    }
    return { code: await run.ended, text: run.printed().replaceAll('\r\n', '\n') };
  }

  const publish = (channel: string, name: string) => {
    const source = directory.file(`${name}.tar.xz`, tarball(name));
    return type(['publish', channel, source]);
  };
  const ask = async (channel: string) => {
    const { status, headers } = await system.ask(`/channel/${channel}.tar.xz`);
    return [status, headers.location?.split('/').at(-1)];
  };
  const question = 'Type the name of the channel to remove it: ';

  onLinux('goes back and forward, and says each time what readers get', async () => {
    expect((await type(['add', 'demo'])).code).toBe(0);
    for (const name of ['demo-1', 'demo-2', 'demo-3'])
      expect((await publish('demo', name)).text).toContain(
        `published: ${name} (the latest of demo)\nReaders see it within`,
      );

    const rolledBack = await type(['rollback', 'demo']);
    expect(rolledBack.text).toMatch(/^rolled back: demo now points to demo-2 \(was demo-3\)\nReaders see it within/);
    expect(await ask('demo')).toEqual([307, 'demo-2.tar.xz']);

    const again = await publish('demo', 'demo-3');
    expect(again.code).toBe(0);
    expect(again.text).toContain('nothing changed: demo still points to demo-2');
    expect(again.text).toContain('channelctl rollback demo --to demo-3');
    expect(again.text).not.toContain('Readers see it');
    expect(await ask('demo')).toEqual([307, 'demo-2.tar.xz']);

    const yanked = await type(['yank', 'demo', 'demo-2', '--reason', 'broken']);
    expect(yanked.text).toContain('yanked demo-2: readers of demo now get demo-3 (was demo-2)');
    expect(await ask('demo')).toEqual([307, 'demo-3.tar.xz']);
  });

  onLinux('removes a channel only when its name is typed, and restores it', async () => {
    const channel = await system.newChannel();
    const release = `${channel}-1`;
    const source = directory.file(`${release}.tar.xz`, tarball(release));
    expect((await system.channelctl('publish', channel, source)).code).toBe(0);
    const mistyped = await type(['remove', channel], question, channel.slice(0, -1));
    expect(mistyped.text).toContain(`channelctl: That is not the name "${channel}": nothing was removed.\n`);
    expect(mistyped.code).toBe(2);
    expect(await ask(channel)).toEqual([307, `${release}.tar.xz`]);

    const rehearsed = await type(['remove', channel, '--dry-run']);
    expect(rehearsed).toMatchObject({ code: 0, text: expect.not.stringContaining(question) });
    expect(await ask(channel)).toEqual([307, `${release}.tar.xz`]);

    const removed = await type(['remove', channel], question, channel);
    expect(removed.text).toContain(`removed ${channel}: readers get 410.`);
    expect(removed.code).toBe(0);
    expect(await ask(channel)).toEqual([410, undefined]);

    const restored = await type(['restore', channel]);
    expect(restored).toMatchObject({
      code: 0,
      text: expect.stringContaining(`restored ${channel}: it points to ${release}`),
    });
    expect(await ask(channel)).toEqual([307, `${release}.tar.xz`]);

    const unasked = await type(['remove', channel, '--yes']);
    expect(unasked).toMatchObject({ code: 0, text: expect.not.stringContaining(question) });
    expect(await ask(channel)).toEqual([410, undefined]);
  });
});

/** What npm start prints on a pseudo-terminal while it is asked, with its colours and line ends as they are. */
async function startOnTerminal(environment: Readonly<Record<string, string>>): Promise<string> {
  const [PORT, data] = [await freePort(), `${directory.path}/data-${crypto.randomUUID()}`];
  const line = `'${process.execPath}' bin/local.ts`;
  const settings = { PORT, S3_PORT: await freePort(), DATA_DIR: data, TERM: 'xterm-256color', TZ: 'UTC' };
  const run = launch('script', ['-qec', line, '/dev/null'], { ...settings, ...environment });
  await run.until('Ctrl-C ends it.');
  const begun = run.printed().length;
  for (const path of ['/channel/demo.tar.xz', '/channel/none.tar.xz', '/permanent/%1b%5b31m?token=secret', '/%zz'])
    await rawRequest(`http://127.0.0.1:${PORT}`, path);
  await run.until(environment.LOG === 'json' ? 'GET /permanent/{release}' : '/%zz');
  // Its child holds the terminal; the lock names it.
  process.kill(Number(readFileSync(`${data}/lock`, 'utf8')), 'SIGINT');
  expect(await run.ended).toBe(0);
  return run.printed().slice(begun);
}

onLinux('npm start prints one short line for each request', async () => {
  const lines = (await startOnTerminal({})).split('\r\n').filter((line) => line !== '');
  expect(lines.map((line) => line.replace(/^\d\d:\d\d:\d\d /, '')).slice(0, 4)).toEqual([
    '307 GET /channel/demo.tar.xz demo-2025-05-15.tar.xz',
    '404 GET /channel/none.tar.xz',
    '404 GET /permanent/%1b%5b31m',
    '404 GET /%zz',
  ]);
  expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d 307/);
  expect(lines.join()).not.toContain('{');
});

onLinux('npm start prints JSON where LOG=json', async () => {
  const lines = (await startOnTerminal({ LOG: 'json' })).split('\r\n').filter((line) => line.startsWith('{'));
  expect(lines.map((line) => JSON.parse(line))).toContainEqual(
    expect.objectContaining({ message: 'request', status: 307 }),
  );
});

import { execFile, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startTestSystem, type TestSystem } from '../support/test-system.ts';

let system: TestSystem;

beforeEach(async () => {
  system = await startTestSystem();
  await system.channelctl('add', 'demo', '--file-extension', '.iso');
});
afterEach(() => system.close());

const image = (): Buffer => randomBytes(100_000);

async function publish(name: string, bytes: Buffer): Promise<void> {
  const path = join(system.directory, `${name}.iso`);
  await writeFile(path, bytes);
  const { code, err } = await system.channelctl('publish', 'demo', path);
  expect([code, err]).toEqual([0, expect.anything()]);
}

/** The exit code of a program. */
const run = (program: string, args: readonly string[]): Promise<unknown> =>
  new Promise((resolve) => {
    const options = { cwd: system.directory, env: { PATH: process.env.PATH } };
    execFile(program, [...args], options, (error) => resolve(error === null ? 0 : error.code));
  });

const clients: readonly [string, (url: string, path: string) => readonly string[]][] = [
  ['curl', (url, path) => ['--silent', '--location', '--continue-at', '-', '--output', path, url]],
  ['wget', (url, path) => ['--quiet', '--tries=1', '--continue', '--output-document', path, url]],
];

const installed = clients.filter(([program]) => spawnSync(program, ['--version']).status === 0);
if (installed.length < clients.length) console.log('curl or wget is not installed: it is not tested.');

describe.each(installed)('%s, which resumes at the URL that it began with,', (program, argsOf) => {
  const part = (): string => join(system.directory, 'part');
  const resume = (url: string): Promise<unknown> => run(program, argsOf(url, part()));

  it('goes on where only the settings of the channel changed', async () => {
    const bytes = image();
    await publish('demo-1', bytes);
    expect((await system.channelctl('set', 'demo', '--max-age', '3d')).code).toBe(0);
    await writeFile(part(), bytes.subarray(0, 40_000));
    expect(await resume(`${system.baseUrl}/channel/demo.iso`)).toBe(0);
    expect((await readFile(part())).equals(bytes)).toBe(true);
  });

  it('does not join two releases where the channel moved, and goes on at the URL that the answer names', async () => {
    const [first, second] = [image(), image()];
    await publish('demo-1', first);
    await writeFile(part(), first.subarray(0, 40_000));
    await publish('demo-2', second);
    expect(await resume(`${system.baseUrl}/channel/demo.iso`)).not.toBe(0);
    expect((await readFile(part())).equals(first.subarray(0, 40_000))).toBe(true);
    const { status, text } = await system.ask('/channel/demo.iso', { headers: { range: 'bytes=40000-' } });
    expect([status, Buffer.byteLength(text) < 1_024]).toEqual([412, true]);
    const [before = '', after] = text.match(/http\S+/g) ?? [];
    expect(after).toBe(`${system.baseUrl}/permanent/demo-2.iso`);
    expect(await resume(before)).toBe(0);
    expect((await readFile(part())).equals(first)).toBe(true);
  });
});

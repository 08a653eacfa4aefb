import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { file, tar } from '../support/nar/tar-blocks.ts';
import { startTestSystem, type TestSystem } from '../support/test-system.ts';

let system: TestSystem;

beforeEach(async () => {
  system = await startTestSystem();
  await system.channelctl('add', 'demo', '--file-extension', '.tar');
});
afterEach(() => system.close());

const archive = (): Buffer => tar(file('data', randomBytes(100_000), { mtime: 1_700_000_000 }));

async function publish(name: string, bytes: Buffer): Promise<void> {
  const path = join(system.directory, `${name}.tar`);
  await writeFile(path, bytes);
  const { code, err } = await system.channelctl('publish', 'demo', path);
  expect([code, err]).toEqual([0, expect.anything()]);
}

/** The exit code of a program, or undefined where there is no such program. */
const run = (program: string, ...args: readonly string[]): Promise<number | undefined> =>
  new Promise((resolve) => {
    execFile(program, [...args], { cwd: system.directory, env: { PATH: process.env.PATH } }, (error) => {
      if (error === null) resolve(0);
      else resolve(typeof error.code === 'number' ? error.code : undefined);
    });
  });

const clients: readonly [string, (url: string, path: string) => readonly string[]][] = [
  ['curl', (url, path) => ['--silent', '--location', '--continue-at', '-', '--output', path, url]],
  ['wget', (url, path) => ['--quiet', '--tries=1', '--continue', '--output-document', path, url]],
];

describe.each(clients)('%s, which resumes at the URL that it began with', (program, argsOf) => {
  const part = (): string => join(system.directory, 'part');
  const resume = (url: string): Promise<number | undefined> => run(program, ...argsOf(url, part()));

  it('goes on where only settings were changed since', async () => {
    if ((await run(program, '--version')) === undefined) return;
    const bytes = archive();
    await publish('demo-1', bytes);
    await system.channelctl('set', 'demo', '--max-age', '3d');
    await writeFile(part(), bytes.subarray(0, 40_000));
    expect(await resume(`${system.baseUrl}/channel/demo.tar`)).toBe(0);
    expect((await readFile(part())).equals(bytes)).toBe(true);
  });

  it('joins no two releases where the channel moved, and goes on at the URL that the answer names', async () => {
    if ((await run(program, '--version')) === undefined) return;
    const [first, second] = [archive(), archive()];
    await publish('demo-1', first);
    await writeFile(part(), first.subarray(0, 40_000));
    await publish('demo-2', second);
    expect(await resume(`${system.baseUrl}/channel/demo.tar`)).not.toBe(0);
    expect((await readFile(part())).equals(first.subarray(0, 40_000))).toBe(true);
    const { status, text } = await system.ask('/channel/demo.tar', { headers: { range: 'bytes=40000-' } });
    expect([status, Buffer.byteLength(text) < 1_024]).toEqual([412, true]);
    const [before = '', after] = text.match(/http\S+/g) ?? [];
    expect(after).toBe(`${system.baseUrl}/permanent/demo-2.tar`);
    expect(await resume(before)).toBe(0);
    expect((await readFile(part())).equals(first)).toBe(true);
  });
});

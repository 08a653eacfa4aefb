import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startTestSystem, type TestSystem } from '../support/test-system.ts';

const run = promisify(execFile);
const page = await readFile(new URL('../../docs/reading.md', import.meta.url), 'utf8');
const blocks = (language: string): string[] =>
  [...page.matchAll(/^```(\w+)\n(.*?)^```$/gms)].flatMap(([, name, text = '']) => (name === language ? [text] : []));

/** `NVCHECKER`: the program of nvchecker with the Python package jq, and nvtake beside it. */
const nvchecker = process.env.NVCHECKER || undefined;

let system: TestSystem;

beforeEach(async () => {
  system = await startTestSystem();
  await system.lay('channels.json', { channels: ['nixos-25.05', 'empty'] });
  await system.lay('empty.json', { latest: null });
  await leadTo('nixos-1');
});
afterEach(() => system.close());

const leadTo = (latest: string) => system.lay('nixos-25.05.json', { latest });

describe('the script that follows a channel', () => {
  const follow = async (channel: string, ...command: string[]) => {
    const script = join(system.directory, 'follow-channel');
    const [text = ''] = blocks('sh').filter((block) => block.startsWith('#!/bin/sh'));
    await writeFile(script, text);
    const state = join(system.directory, 'state');
    const args = [script, `${system.baseUrl}/channel/${channel}`, state, ...command];
    const { stdout, stderr, code } = await run('/bin/sh', args).then(
      (done) => ({ ...done, code: 0 }),
      (failed) => failed as { stdout: string; stderr: string; code: number },
    );
    return { code, out: stdout, err: stderr };
  };

  it('runs the command for the first release and for each other one, a rollback too, and only then', async () => {
    const said = (release: string) => ({
      code: 0,
      out: `new ${system.baseUrl}/permanent/${release}.tar.xz\n`,
      err: '',
    });
    const channel = 'nixos-25.05.tar.xz';
    expect(await follow(channel, 'echo', 'new')).toEqual(said('nixos-1'));
    expect(await follow(channel, 'echo', 'new')).toEqual({ code: 0, out: '', err: '' });
    await leadTo('nixos-2');
    expect(await follow(channel, 'echo', 'new')).toEqual(said('nixos-2'));
    await leadTo('nixos-1');
    expect(await follow(channel, 'echo', 'new')).toEqual(said('nixos-1'));
  });

  it('runs the command again after it failed', async () => {
    expect(await follow('nixos-25.05.tar.xz', 'false')).toMatchObject({ code: 1 });
    expect(await follow('nixos-25.05.tar.xz', 'echo')).toMatchObject({
      code: 0,
      out: expect.stringContaining('nixos-1'),
    });
  });

  it.each([
    ['empty.tar.xz', 'The requested URL returned error: 404'],
    ['unknown.tar.xz', 'The requested URL returned error: 404'],
    ['nixos-25.05', 'leads to no release'],
  ])('ends with an error and runs nothing for %s', async (channel, words) => {
    const { code, out, err } = await follow(channel, 'echo', 'new');
    expect([code === 0, out, err]).toEqual([false, '', expect.stringContaining(words)]);
  });
});

if (nvchecker === undefined) {
  console.log('NVCHECKER is not set: the configuration of nvchecker is not tried.');
  it.skip('nvchecker, where NVCHECKER names its program', () => {});
} else
  describe('the configuration of nvchecker', () => {
    const [settings = '', ...others] = blocks('toml');
    const [head = '', jq = ''] = settings.split(/\n\n/);

    it.each([
      ['jq', jq],
      ['regex', others[0] ?? ''],
    ])('finds each new release with the source %s', async (source, entry) => {
      expect(entry).toContain(`source = "${source}"`);
      const path = join(system.directory, 'nvchecker.toml');
      await writeFile(path, `${head}\n\n${entry}`.replaceAll('https://nix.example.org', system.baseUrl));
      const found = async () => {
        await run(nvchecker, ['-c', path]);
        return JSON.parse(await readFile(join(system.directory, 'new.json'), 'utf8')).data['nixos-25.05'].version;
      };
      expect(await found()).toBe('nixos-1');
      await run(join(dirname(nvchecker), 'nvtake'), ['-c', path, '--all']);
      await leadTo('nixos-2');
      expect(await found()).toBe('nixos-2');
      const old = JSON.parse(await readFile(join(system.directory, 'old.json'), 'utf8'));
      expect(old.data['nixos-25.05'].version).toBe('nixos-1');
    });
  });

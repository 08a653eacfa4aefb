import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startTestSystem, type TestSystem } from '../support/test-system.ts';

const run = promisify(execFile);
const checkout = new URL('../..', import.meta.url);
let directory: string;
let system: TestSystem;
const installed = () => join(directory, 'node_modules', 'nix-channel-lambda');

beforeAll(async () => {
  system = await startTestSystem();
  directory = await mkdtemp(join(tmpdir(), 'nix-channel-package-'));
  await run('npm', ['pack', '--pack-destination', directory], { cwd: checkout });
  const [archive] = await readdir(directory);
  await run(
    'npm',
    ['install', '--offline', '--omit=optional', '--prefix', directory, join(directory, archive as string)],
    { cwd: directory },
  );
});
afterAll(async () => {
  await system.close();
  await rm(directory, { recursive: true, force: true });
});

it('installs the command, which needs no other package', async () => {
  expect(await readdir(join(directory, 'node_modules'))).toEqual(expect.arrayContaining(['nix-channel-lambda']));
  expect(await readdir(join(installed(), 'dist'))).toEqual([
    'THIRD-PARTY-NOTICES.txt',
    'channelctl.js',
    'chunks',
    'server.js',
  ]);
});

it('ships the notices of every package in its files, and of liblzma', async () => {
  const read = (...path: string[]) => readFile(join(installed(), ...path), 'utf8');
  const [notices, notice] = await Promise.all([read('dist', 'THIRD-PARTY-NOTICES.txt'), read('NOTICE')]);
  const chunks = (await readdir(join(installed(), 'dist', 'chunks'))).map((name) => join('chunks', name));
  const files = await Promise.all(['channelctl.js', 'server.js', ...chunks].map((name) => read('dist', name)));
  const bundle = files.join('\n');
  // esbuild writes the path of each module above its code.
  const modules = bundle.matchAll(/^\/\/ node_modules\/(?:.*\/node_modules\/)?((?:@[^/]+\/)?[^/]+)\//gm);
  const names = [...new Set([...modules].map(([, name]) => name))];
  expect(names.length).toBeGreaterThan(20);
  const missing = names.filter((name) => !notices.includes(`\n${name} `));
  expect(missing).toEqual([]);
  expect(notices.match(/GPL/g)).toBeNull();
  expect(names).not.toContain('node-liblzma');
  const wasm = createRequire(import.meta.url).resolve('node-liblzma/wasm/liblzma.wasm');
  expect(bundle).toContain(await readFile(wasm, 'base64'));
  expect(notice).toContain(`the file\n${wasm.split('node-liblzma/')[1]} of the npm package node-liblzma`);
  expect(notice).toMatch(/liblzma \(BSD Zero Clause License[\s\S]*dist\/THIRD-PARTY-NOTICES\.txt/);
});

it('publishes with it, without a checkout', async () => {
  const channelctl = (...args: string[]) =>
    run(join(directory, 'node_modules', '.bin', 'channelctl'), args, {
      cwd: directory,
      env: {
        PATH: process.env.PATH,
        CHANNELCTL_URL: system.origin,
        AWS_ACCESS_KEY_ID: 'local',
        AWS_SECRET_ACCESS_KEY: 'local',
        AWS_REGION: 'us-east-1',
      },
    });
  const archive = (await readdir(directory)).find((name) => name.endsWith('.tgz')) as string;
  await channelctl('add', 'tgz', '--file-extension', '.tgz');
  const { stdout } = await channelctl('publish', 'tgz', archive, '--json');
  expect(JSON.parse(stdout)).toMatchObject({ channel: 'tgz', latest: true });
});

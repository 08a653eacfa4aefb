import { execFile, spawnSync } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import packageJson from '../../package.json' with { type: 'json' };
import { freePort } from '../support/free-port.ts';
import { launch, type Started } from '../support/launch.ts';
import { nixClient, nixClients } from '../support/nix-client.ts';
import { rawRequest } from '../support/raw-request.ts';
import { tarball } from '../support/tarball.ts';

const run = promisify(execFile);
const checkout = new URL('../..', import.meta.url);
const { version } = packageJson;
const programs = ['channelctl', 'nix-channel-lambda', 'nix-channel-local', 'nix-channel-server'];

interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly unpackedSize: number;
}
let directory: string;
let packed: Packed;
const installed = (...path: readonly string[]) => join(directory, 'node_modules', 'nix-channel-lambda', ...path);
const binFolder = () => join(directory, 'node_modules', '.bin');
const manifest = async (): Promise<unknown> => JSON.parse(await readFile(installed('package.json'), 'utf8'));

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'nix-channel-package-'));
  const { stdout } = await run('npm', ['run', '-s', 'package', '--', '--json', '--pack-destination', directory], {
    cwd: checkout,
  });
  [packed] = JSON.parse(stdout);
  await run('npm', ['install', '--offline', '--no-audit', `./${packed.filename}`], { cwd: directory });
});
afterAll(() => rm(directory, { recursive: true, force: true }));

it('installs the programs and what they need, and no other package', async () => {
  const packages = (await readdir(join(directory, 'node_modules'))).filter((name) => !name.startsWith('.'));
  expect(packages).toEqual(['nix-channel-lambda']);
  expect((await readdir(binFolder())).sort()).toEqual(programs);
  expect((await readdir(installed())).sort()).toEqual([
    'LICENSE',
    'NOTICE',
    'README.md',
    'THIRD-PARTY-NOTICES.txt',
    'channelctl.js',
    'chunks',
    'demo-2025-05-15.tar.xz',
    'docs',
    'local.js',
    'package.json',
    'server.js',
  ]);
  const chunks = await readdir(installed('chunks'));
  expect(chunks.filter((name) => !/^[\w-]+-[0-9A-Z]{8}\.js$/.test(name))).toEqual([]);
});

it('has the pages that the help of its programs names', async () => {
  const pages = await readdir(installed('docs'));
  expect(pages.filter((name) => !name.endsWith('.md'))).toEqual([]);
  const helps = await Promise.all(
    ['channelctl', 'nix-channel-local', 'nix-channel-server'].map(async (program) => {
      const { stdout } = await run(join(binFolder(), program), ['--help']);
      return stdout.match(/docs\/\w[\w-]*\.md/g) ?? [];
    }),
  );
  expect(helps.map((named) => named.length > 0)).toEqual([true, true, true]);
  expect(pages.map((name) => `docs/${name}`)).toEqual(expect.arrayContaining(helps.flat()));
});

it('takes less than 5 MB, and less than 1.25 MB to download', () => {
  console.log(`${packed.filename}: ${packed.size} bytes, ${packed.unpackedSize} bytes unpacked`);
  expect(packed.unpackedSize).toBeLessThan(5_000_000);
  expect(packed.size).toBeLessThan(1_250_000);
});

it('has a package.json of its own, which asks for nothing but Node.js 20.16', async () => {
  expect(await manifest()).toEqual({
    name: 'nix-channel-lambda',
    version,
    description: packageJson.description,
    license: 'Apache-2.0',
    type: 'module',
    engines: { node: '>=20.16' },
    bin: {
      channelctl: 'channelctl.js',
      'nix-channel-lambda': 'local.js',
      'nix-channel-local': 'local.js',
      'nix-channel-server': 'server.js',
    },
  });
});

it('is not packed from the checkout, whose package.json has packages for development', async () => {
  await expect(run('npm', ['pack', '--dry-run'], { cwd: checkout })).rejects.toMatchObject({
    stderr: expect.stringContaining('npm run package'),
  });
});

it('ships the notices of every package in its files, and of liblzma', async () => {
  const read = (...path: string[]) => readFile(installed(...path), 'utf8');
  const [notices, notice] = await Promise.all([read('THIRD-PARTY-NOTICES.txt'), read('NOTICE')]);
  const chunks = (await readdir(installed('chunks'))).map((name) => join('chunks', name));
  const files = await Promise.all(['channelctl.js', 'local.js', 'server.js', ...chunks].map((name) => read(name)));
  const bundle = files.join('\n');
  // esbuild writes the path of each module above its code.
  const modules = bundle.matchAll(/^\/\/ node_modules\/(?:.*\/node_modules\/)?((?:@[^/]+\/)?[^/]+)\//gm);
  const names = [...new Set([...modules].map(([, name]) => name))];
  expect(names.length).toBeGreaterThan(20);
  expect(names).toEqual(expect.arrayContaining(['@aws-sdk/client-s3', '@middy/core', 'commander', 'prom-client']));
  const missing = names.filter((name) => !notices.includes(`\n${name} `));
  expect(missing).toEqual([]);
  expect(notices.match(/GPL/g)).toBeNull();
  expect(names).not.toContain('node-liblzma');
  const wasm = createRequire(import.meta.url).resolve('node-liblzma/wasm/liblzma.wasm');
  expect(bundle).toContain(await readFile(wasm, 'base64'));
  expect(notice).toContain(`the file\n${wasm.split('node-liblzma/')[1]} of the npm package node-liblzma`);
  expect(notice).toMatch(/liblzma \(BSD Zero Clause License[\s\S]*THIRD-PARTY-NOTICES\.txt/);
  expect(await read('LICENSE')).toContain('Apache License');
});

/** The Node that runs this, and each other version of PATH from 20 on: npm puts Node 24 before the machine's own. */
const nodes = (): readonly { readonly version: string; readonly folder: string }[] => {
  const found = new Map<string, string>();
  for (const folder of [dirname(process.execPath), ...(process.env.PATH ?? '').split(delimiter)]) {
    const { stdout } = spawnSync(join(folder, 'node'), ['--version'], { encoding: 'utf8' });
    if (Number(/^v(\d+)/.exec(stdout ?? '')?.[1]) >= 20 && !found.has(stdout.trim())) found.set(stdout.trim(), folder);
  }
  return [...found].map(([version, folder]) => ({ version, folder }));
};

for (const node of nodes())
  describe(`with Node ${node.version}`, () => {
    let trial: string;
    let ports: { readonly PORT: string; readonly S3_PORT: string };
    const running: Started[] = [];

    beforeEach(async () => {
      trial = await mkdtemp(join(tmpdir(), 'nix-channel-trial-'));
      ports = { PORT: await freePort(), S3_PORT: await freePort() };
    });
    afterEach(async () => {
      await Promise.all(running.splice(0).map((started) => started.end('SIGTERM')));
      await rm(trial, { recursive: true, force: true });
    });

    const start = (
      program: string,
      args: readonly string[],
      environment: Readonly<Record<string, string>>,
    ): Started => {
      const PATH = [node.folder, process.env.PATH].join(delimiter);
      const started = launch(
        join(binFolder(), program),
        args,
        { PATH, XDG_STATE_HOME: trial, TMPDIR: trial, ...environment },
        'ignore',
        trial,
      );
      running.push(started);
      return started;
    };
    const startLocal = async (): Promise<Started> => {
      const local = start('nix-channel-local', [], ports);
      await local.until('Ctrl-C ends it.');
      return local;
    };
    /** The lines for another shell, with a file to publish, run by a shell. */
    const runAdvice = (printed: string, file: string) => {
      const [, advice = ''] = printed.split('To publish, run in another shell:\n');
      const lines = advice.split('\n\n')[0]?.replace('FILE.tar.xz', `'${file}' --name demo-2`) ?? '';
      const environment = { PATH: `${node.folder}:/usr/bin:/bin`, HOME: trial, XDG_STATE_HOME: trial, TMPDIR: trial };
      return run('/bin/sh', ['-ec', lines], { cwd: trial, env: environment });
    };
    const location = async (origin: string) =>
      (await rawRequest(origin, '/channel/demo.tar.xz')).headers.location?.replace(/.*\//, '');

    it.each(programs)('%s says its version', async (program) => {
      const started = start(program, ['--version'], {});
      const name = program === 'nix-channel-lambda' ? 'nix-channel-local' : program;
      expect([await started.ended, started.printed()]).toEqual([0, `${name} ${version} (Node.js ${node.version})\n`]);
    });

    it('nix-channel-local offers the demo channel, and what it says to run next publishes to it', async () => {
      const local = await startLocal();
      const origin = `http://127.0.0.1:${ports.PORT}`;
      expect(local.printed()).toContain(`(stored in ${join(trial, 'nix-channel-local')})`);
      expect(local.printed()).not.toMatch(/npm |Warning/);
      expect(await location(origin)).toBe('demo-2025-05-15.tar.xz');
      const archive = join(trial, 'mine.tar.xz');
      await cp(installed('demo-2025-05-15.tar.xz'), archive);
      const { stdout, stderr } = await runAdvice(local.printed(), archive);
      expect(stdout).toMatch(/^demo {2}demo-2025-05-15 {2}\d{4}-\d\d-\d\d\n/);
      expect(stdout).toContain('published: demo-2 (the latest of demo)');
      expect(stderr).not.toContain('Warning');
      expect(await location(origin)).toBe('demo-2.tar.xz');

      const keys = { AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local', AWS_REGION: 'us-east-1' };
      await writeFile(join(trial, 'demo-3.tar.xz'), tarball('word'));
      const third = start('channelctl', ['publish', 'demo', 'demo-3.tar.xz'], { ...keys, CHANNELCTL_URL: origin });
      expect(await third.ended).toBe(0);
      const diff = start('channelctl', ['diff', `${origin}/channel/demo.tar.xz`], { HOME: trial });
      expect([await diff.ended, diff.printed()]).toEqual([0, expect.stringMatching(/\nadded +4 B +word\n/)]);
      expect(await local.end('SIGINT')).toBe(0);
    });

    it('nix-channel-server serves from the bucket', async () => {
      await startLocal();
      const port = await freePort();
      const server = start(
        'nix-channel-server',
        ['--listen', `127.0.0.1:${port}`, '--base-url', 'https://nix.example.org', '--bucket', 'nix-channels'],
        {
          AWS_ENDPOINT_URL: `http://localhost:${ports.S3_PORT}`,
          AWS_ACCESS_KEY_ID: 'local',
          AWS_SECRET_ACCESS_KEY: 'local',
          AWS_REGION: 'us-east-1',
        },
      );
      await server.until('"listening"');
      const { status, headers } = await rawRequest(`http://127.0.0.1:${port}`, '/channel/demo.tar.xz');
      expect([status, headers.location]).toEqual([307, 'https://nix.example.org/permanent/demo-2025-05-15.tar.xz']);
      expect(server.printed()).not.toContain('Warning');
      expect(await server.end('SIGTERM')).toBe(0);
    });

    for (const { name, directory: nixFolder } of nixClients)
      it(`Nix from ${name} locks the demo channel, and what channelctl publishes from a directory`, async () => {
        const local = await startLocal();
        const client = await nixClient(nixFolder);
        try {
          const url = `http://127.0.0.1:${ports.PORT}/channel/demo.tar.xz`;
          const lock = async () => {
            const { code, out, err } = await client.nix('nix', 'flake', 'metadata', '--refresh', '--json', url);
            expect([code, err]).toEqual([0, expect.any(String)]);
            return JSON.parse(out).locked.url as string;
          };
          expect(await lock()).toContain('/permanent/demo-2025-05-15.tar.xz');
          const flake = join(trial, 'flake');
          await cp(fileURLToPath(new URL('lib/local/demo/flake', checkout)), flake, { recursive: true });
          await writeFile(join(flake, 'new.txt'), 'new\n');
          await runAdvice(local.printed(), flake);
          expect(await lock()).toContain('/permanent/demo-2.tar.xz');
        } finally {
          await client.close();
        }
      });
  });

it('npx nix-channel-lambda runs the same, and the command that it names runs too', async () => {
  const [PORT, S3_PORT] = [await freePort(), await freePort()];
  const environment = { PORT, S3_PORT, npm_config_offline: 'true' };
  const local = launch('npx', ['nix-channel-lambda'], environment, 'ignore', directory);
  try {
    await local.until('Ctrl-C ends it.');
    const command = /^ {2}(npx -p nix-channel-lambda channelctl) list$/m.exec(local.printed())?.[1] as string;
    const { PATH, HOME } = process.env;
    const keys = { AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local', AWS_REGION: 'us-east-1' };
    const { stdout } = await run('/bin/sh', ['-c', `${command} list`], {
      cwd: directory,
      env: { PATH, HOME, npm_config_offline: 'true', CHANNELCTL_URL: `http://127.0.0.1:${PORT}`, ...keys },
    });
    expect(stdout).toMatch(/^demo {2}demo-2025-05-15 {2}\d{4}-\d\d-\d\d\n$/);
  } finally {
    // npx does not pass a signal on. In a terminal, Ctrl-C reaches both.
    const pid = await readFile(join(directory, 'nix-channel-local', 'lock'), 'utf8');
    process.kill(Number(pid), 'SIGINT');
  }
  expect(await local.ended).toBe(0);
});

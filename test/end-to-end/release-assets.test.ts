import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import packageJson from '../../package.json' with { type: 'json' };

const run = promisify(execFile);
const checkout = fileURLToPath(new URL('../..', import.meta.url));
const demo = join(checkout, 'lib/local/demo/demo-2025-05-15.tar.xz');
const { version } = packageJson;
const onLinux = process.platform === 'linux' ? it : it.skip;
let directory: string;
const first = (...path: readonly string[]) => join(directory, 'first', ...path);

async function makeAssets(name: string, environment: Readonly<Record<string, string>> = {}, umask = '022') {
  const command = `umask ${umask}; exec .ci/release-assets "$0"`;
  const env = { ...process.env, GITHUB_REPOSITORY: '', ...environment };
  await run('/bin/sh', ['-c', command, join(directory, name)], { cwd: checkout, env });
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'nix-channel-release-'));
  if (process.platform === 'linux') await makeAssets('first');
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const archives = [
  `channelctl-${version}.tar.gz`,
  `nix-channel-lambda-${version}.tgz`,
  `nix-channel-server-${version}.tar.gz`,
];

onLinux('a release has the npm package, both programs, and their sums', async () => {
  expect((await readdir(first())).sort()).toEqual(['SHA256SUMS', ...archives]);
  const { stdout } = await run('sha256sum', ['--check', 'SHA256SUMS'], { cwd: first() });
  expect(stdout.split('\n').filter(Boolean).sort()).toEqual(archives.map((name) => `${name}: OK`));
});

onLinux('a second build, at another time, in another zone and language, gives the same bytes', async () => {
  await makeAssets('second', { TZ: 'Asia/Tokyo', LC_ALL: 'C' }, '077');
  for (const name of ['SHA256SUMS', ...archives]) {
    const [one, other] = await Promise.all([readFile(first(name)), readFile(join(directory, 'second', name))]);
    expect([name, one.equals(other)]).toEqual([name, true]);
  }
});

onLinux('the npm package names the repository that the workflow runs in, which provenance needs', async () => {
  await makeAssets('named', { GITHUB_SERVER_URL: 'https://github.com', GITHUB_REPOSITORY: 'someone/channels' });
  const archive = join(directory, 'named', `nix-channel-lambda-${version}.tgz`);
  const { stdout } = await run('tar', ['xOf', archive, 'package/package.json']);
  expect(JSON.parse(stdout).repository).toEqual({
    type: 'git',
    url: 'git+https://github.com/someone/channels.git',
  });
  const sums = async (name: string) => (await readFile(join(directory, name, 'SHA256SUMS'), 'utf8')).split('\n');
  const programs = (await sums('named')).filter((line) => line.endsWith('.tar.gz'));
  expect(await sums('first')).toEqual(expect.arrayContaining(programs));
});

onLinux.each(['channelctl', 'nix-channel-server'])('%s runs as a single file, with its licences', async (program) => {
  const folder = `${program}-${version}`;
  await run('tar', ['xzf', first(`${folder}.tar.gz`), '-C', directory]);
  const unpacked = join(directory, folder);
  expect((await readdir(unpacked)).sort()).toEqual(['LICENSE', 'NOTICE', 'THIRD-PARTY-NOTICES.txt', `${program}.mjs`]);
  const file = join(unpacked, `${program}.mjs`);
  const { stdout } = await run(file, ['--version']);
  expect(stdout).toBe(`${program} ${version} (Node.js ${process.version})\n`);
  expect(await readFile(join(unpacked, 'THIRD-PARTY-NOTICES.txt'), 'utf8')).toContain('\ncommander ');
});

onLinux('the single file of channelctl reads an archive', async () => {
  const folder = `channelctl-${version}`;
  await run('tar', ['xzf', first(`${folder}.tar.gz`), '-C', directory]);
  const { stdout } = await run(join(directory, folder, 'channelctl.mjs'), ['inspect', demo]);
  expect(stdout).toContain('sha256-sLRpkuPiT5DlT6ufwgBZc858dOxMKbRnSZHckiWRg0o=');
});

onLinux('a folder with files in it is left as it is', async () => {
  const other = await mkdtemp(join(directory, 'other-'));
  await writeFile(join(other, 'mine'), 'mine');
  await expect(run('.ci/release-assets', [other], { cwd: checkout })).rejects.toMatchObject({
    stderr: `${other} is not empty: name a new folder.\n`,
  });
  expect(await readdir(other)).toEqual(['mine']);
});

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { launch } from '../support/launch.ts';
import { tarball } from '../support/tarball.ts';
import { startTestSystem, type TestSystem } from '../support/test-system.ts';

/** Makes this Node's zlib like that of Node 20. */
const withoutZstd = `data:text/javascript,${encodeURIComponent(`
  import zlib from 'node:zlib';
  import { syncBuiltinESMExports } from 'node:module';
  for (const name of ['createZstdCompress', 'createZstdDecompress']) Object.defineProperty(zlib, name, { value: undefined });
  syncBuiltinESMExports();
`)}`;

let system: TestSystem;
let archive: string;
let source: string;

beforeAll(async () => {
  system = await startTestSystem();
  await system.channelctl('add', 'demo', '--file-extension', '.tar.zst');
  archive = join(system.directory, 'demo-1.tar.zst');
  await writeFile(archive, zstdCompressSync(tarball('word')));
  source = join(system.directory, 'source');
  await mkdir(source);
  await writeFile(join(source, 'flake.nix'), '{ }');
});
afterAll(() => system.close());

async function channelctl(environment: Readonly<Record<string, string>>, ...args: string[]) {
  const run = launch(process.execPath, ['--import', withoutZstd, 'bin/channelctl.ts', ...args], {
    TMPDIR: system.directory,
    CHANNELCTL_URL: system.origin,
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_REGION: 'us-east-1',
    ...environment,
  });
  return { code: await run.ended, printed: run.printed() };
}

const nothing = { PATH: '/nowhere' };

it.each([
  ['inspect', (path: string) => ['inspect', path]],
  ['publish', (path: string) => ['publish', 'nope', path]],
])('channelctl %s says that it needs the program bzip2, before it reads any of the archive', async (_, args) => {
  const path = fileURLToPath(new URL('../fixtures/vectors/basic.tar.bz2', import.meta.url));
  expect(await channelctl(nothing, ...args(path))).toEqual({
    code: 3,
    printed: 'channelctl: The program bzip2, which this archive needs, was not found: install bzip2.\n',
  });
});

describe('channelctl on a Node without zstd', () => {
  it.each([
    ['inspect', () => ['inspect', archive]],
    ['publish', () => ['publish', 'demo', archive]],
    // Said before the API is asked.
    ['publish to a channel that is not there', () => ['publish', 'nope', archive]],
  ])('says on %s that it cannot read .tar.zst, before it reads any of the archive', async (_, args) => {
    expect(await channelctl(nothing, ...args())).toEqual({
      code: 3,
      printed: `channelctl: Node ${process.version} cannot read zstd: install the program zstd, or run this with Node 22.15 or newer.\n`,
    });
  });

  it('says that it cannot pack a directory as .tar.zst, before it packs any of it', async () => {
    expect(await channelctl({}, 'publish', 'demo', source)).toEqual({
      code: 3,
      printed: `channelctl: Node ${process.version} cannot write zstd: run this with Node 22.15 or newer, or publish a .tar.zst made by other tools.\n`,
    });
  });

  it('publishes an archive with the help of the program zstd', async () => {
    const { code, printed } = await channelctl({}, 'publish', 'demo', archive);
    expect([code, printed]).toEqual([0, expect.stringContaining('published: demo-1')]);
  });
});

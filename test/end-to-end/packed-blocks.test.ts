import { execFileSync } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findPrograms } from '../../lib/nar/decode/by-program.ts';
import { inspectFile } from '../../lib/nar/inspect.ts';
import { packDirectory, walkDirectory } from '../../lib/nar/pack/pack-directory.ts';
import { nixClient, nixClients } from '../support/nix-client.ts';

let root: string;
let archive: string;

/** A flake with two files of 20 MiB, more than two blocks of the archive. */
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'packed-blocks-'));
  archive = join(root, 'blocks.tar.xz');
  await mkdir(join(root, 'tree'));
  for (const name of ['a', 'b', 'flake.nix']) {
    const file = await open(join(root, 'tree', name), 'w');
    await file.write(name === 'flake.nix' ? '{ outputs = _: { }; }\n' : `begins ${name}`);
    if (name !== 'flake.nix') await file.write(`ends ${name}`, 20 * 2 ** 20);
    await file.close();
  }
  const options = { extension: '.tar.xz', lastModified: 1_700_000_000 };
  await pipeline(packDirectory(await walkDirectory(join(root, 'tree')), options), createWriteStream(archive));
}, 60_000);
afterAll(() => rm(root, { recursive: true }));

const narHash = async (): Promise<string | undefined> => {
  const programs = await findPrograms(process.env.PATH);
  return (await inspectFile(archive, { partSize: 2 ** 24, spoolDirectory: root, programs })).narHash;
};

describe('an archive of several xz blocks', () => {
  it('is unpacked by tar to the files that were packed', async () => {
    await mkdir(join(root, 'unpacked'));
    execFileSync('tar', ['-xf', archive, '-C', join(root, 'unpacked')]);
    execFileSync('diff', ['-r', join(root, 'tree'), join(root, 'unpacked', 'source')]);
  });

  for (const { name, directory } of nixClients)
    it(`has the narHash that Nix from ${name} finds`, async () => {
      const client = await nixClient(directory);
      try {
        const found = await client.nix('nix', 'flake', 'prefetch', '--json', `file://${archive}`);
        expect(found).toMatchObject({ code: 0 });
        expect(await narHash()).toBe(JSON.parse(found.out).hash);
      } finally {
        await client.close();
      }
    }, 60_000);
});

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type NixClient, nixClient, nixClients } from '../support/nix-client.ts';
import { type SourceDirectories, sourceDirectories } from '../support/source-directories.ts';
import { startTestSystem, type TestSystem } from '../support/test-system.ts';

const demo = fileURLToPath(new URL('../../lib/local/demo/flake', import.meta.url));
const rev = '0123456789abcdef0123456789abcdef01234567';

if (nixClients.length === 0) it.skip('a real Nix reads a mirror, in the directories that NIX_CLIENTS names', () => {});

for (const { name, directory } of nixClients)
  describe(`Nix from ${name}, with a mirror`, () => {
    let source: TestSystem;
    let mirror: TestSystem;
    let sources: SourceDirectories;
    let client: NixClient;

    beforeEach(async () => {
      [source, mirror] = await Promise.all([startTestSystem(), startTestSystem()]);
      sources = await sourceDirectories();
      client = await nixClient(directory);
      for (const system of [source, mirror]) await system.channelctl('add', 'demo');
    });
    afterEach(async () => {
      await client.close();
      await Promise.all([source.close(), mirror.close()]);
      await sources.remove();
    }, 30_000);

    async function lockOf({ baseUrl }: TestSystem, called: string) {
      const flake = join(client.home, called);
      await mkdir(flake);
      const url = `${baseUrl}/channel/demo.tar.xz`;
      const text = `{ inputs.demo = { url = "${url}"; flake = false; }; outputs = { demo, ... }: { word = builtins.readFile "\${demo}/.git-revision"; }; }`;
      await writeFile(join(flake, 'flake.nix'), text);
      expect(await client.nix('nix', 'flake', 'lock', flake)).toMatchObject({ code: 0 });
      const { locked } = JSON.parse(await readFile(join(flake, 'flake.lock'), 'utf8')).nodes.demo;
      return { flake, locked };
    }

    it('locks the mirror of a channel to the same tree and the same facts', async () => {
      const flags = ['--rev', rev, '--rev-count', '7', '--last-modified', '1700000000'];
      expect(await source.channelctl('publish', 'demo', demo, ...flags)).toMatchObject({ code: 0 });
      const url = `${source.baseUrl}/channel/demo.tar.xz`;
      const published = await mirror.channelctl('publish', 'demo', url, '--allow-private', '--json');
      expect([published.code, published.err]).toEqual([0, expect.anything()]);
      const theirs = (await lockOf(source, 'source')).locked;
      const ours = (await lockOf(mirror, 'mirror')).locked;
      const { url: theirUrl, ...facts } = theirs;
      expect(ours).toEqual({
        ...facts,
        url: theirUrl
          .replace(/^.*\//, `${mirror.baseUrl}/permanent/`)
          .replace(/demo-[^/]*$/, `${JSON.parse(published.out).release}.tar.xz`),
      });
      expect(ours).toMatchObject({
        rev,
        revCount: 7,
        lastModified: 1_700_000_000,
        narHash: JSON.parse(published.out).narHash,
      });
    });

    it('reads the version files, and finds the narHash of the tree with them', async () => {
      const { path, rev: commit } = await sources.checkout('versioned');
      expect(await mirror.channelctl('publish', 'demo', path, '--version-files')).toMatchObject({ code: 0 });
      const { flake, locked } = await lockOf(mirror, 'versioned');
      expect(locked).toMatchObject({ rev: commit, revCount: 1 });
      expect(await client.nix('nix', 'eval', '--raw', `${flake}#word`)).toMatchObject({ code: 0, out: commit });
      const laid = await sources.directory('laid', {
        'flake.nix': '{ }',
        'lib/word': 'tracked',
        '.git-revision': commit,
        '.version-suffix': `pre1.${commit.slice(0, 12)}`,
      });
      expect((await client.nix('nix', 'hash', 'path', laid)).out.trim()).toBe(locked.narHash);
    });
  });

import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type NixClient, nixClient, nixClients } from '../support/nix-client.ts';
import { startTestSystem, type TestSystem } from '../support/test-system.ts';

const run = promisify(execFile);
const demo = fileURLToPath(new URL('../../lib/local/demo/flake', import.meta.url));
const rev = '0123456789abcdef0123456789abcdef01234567';

if (nixClients.length === 0) {
  console.log('NIX_CLIENTS is not set: what needs a real Nix is skipped.');
  it.skip('with a real Nix, in the directories that NIX_CLIENTS names', () => {});
}

for (const { name, directory } of nixClients)
  describe(`Nix from ${name}`, () => {
    let system: TestSystem;
    let client: NixClient;

    /** A flake that says a word, as a tarball, published. */
    async function publish(word: string, ...flags: string[]): Promise<void> {
      const source = join(system.directory, `demo-${word}`);
      await cp(demo, source, { recursive: true });
      const greetings = join(source, 'greetings', 'default.nix');
      await writeFile(greetings, (await readFile(greetings, 'utf8')).replace('Hello', word));
      await run('tar', ['cJf', `demo-${word}.tar.xz`, `demo-${word}`], { cwd: system.directory });
      const { code, err } = await system.channelctl('publish', 'demo', `${source}.tar.xz`, ...flags);
      expect([code, err]).toEqual([0, expect.anything()]);
    }

    /** A flake with the channel as its input, as a user has it. */
    async function user(): Promise<string> {
      const flake = join(client.home, 'flake');
      await mkdir(flake, { recursive: true });
      await writeFile(
        join(flake, 'flake.nix'),
        `{ inputs.demo.url = "${system.baseUrl}/channel/demo.tar.xz"; outputs = { demo, ... }: { inherit (demo) greeting; }; }`,
      );
      return flake;
    }

    const locked = async (flake: string) =>
      JSON.parse(await readFile(join(flake, 'flake.lock'), 'utf8')).nodes.demo.locked;

    beforeEach(async () => {
      system = await startTestSystem();
      client = await nixClient(directory);
      await system.channelctl('add', 'demo');
    });
    afterEach(async () => {
      await client.close();
      await system.close();
    });

    it('locks, evaluates, updates, and still fetches the first lock into an empty store', async () => {
      await publish('Hello', '--rev', rev, '--rev-count', '7', '--last-modified', '1700000000');
      const flake = await user();
      expect(await client.nix('nix', 'flake', 'lock', flake)).toMatchObject({ code: 0 });
      const first = await locked(flake);
      expect(first).toMatchObject({
        type: 'tarball',
        url: `${system.baseUrl}/permanent/demo-Hello.tar.xz`,
        rev,
        revCount: 7,
        lastModified: 1_700_000_000,
        narHash: expect.stringMatching(/^sha256-/),
      });
      expect(await client.nix('nix', 'eval', '--raw', `${flake}#greeting`)).toMatchObject({
        code: 0,
        out: 'Hello, channel!',
      });
      const lock = await readFile(join(flake, 'flake.lock'), 'utf8');

      await publish('Servus', '--last-modified', '1700000001');
      expect((await client.nix('nix', 'eval', '--raw', `${flake}#greeting`)).out).toBe('Hello, channel!');
      expect(await client.nix('nix', 'flake', 'update', '--flake', flake)).toMatchObject({ code: 0 });
      expect((await locked(flake)).url).toContain('/permanent/demo-Servus.tar.xz');
      expect((await client.nix('nix', 'eval', '--raw', `${flake}#greeting`)).out).toBe('Servus, channel!');

      const other = await nixClient(directory);
      try {
        const old = join(other.home, 'flake');
        await cp(flake, old, { recursive: true });
        await writeFile(join(old, 'flake.lock'), lock);
        expect(await other.nix('nix', 'eval', '--raw', `${old}#greeting`)).toMatchObject({
          code: 0,
          out: 'Hello, channel!',
        });
        expect(await readFile(join(old, 'flake.lock'), 'utf8')).toBe(lock);
      } finally {
        await other.close();
      }
    });

    it('sees a new release at once when it refreshes, and keeps the lock of an unchanged one', async () => {
      await publish('Hello');
      const metadata = async () =>
        JSON.parse(
          (await client.nix('nix', 'flake', 'metadata', '--refresh', '--json', `${system.baseUrl}/channel/demo.tar.xz`))
            .out,
        );
      const first = await metadata();
      expect((await metadata()).locked).toEqual(first.locked);
      await publish('Servus');
      expect((await metadata()).locked.url ?? (await metadata()).url).toContain('demo-Servus');
    });

    it('fetches by fetchTarball and by nix-prefetch-url', async () => {
      await publish('Hello');
      const url = `${system.baseUrl}/channel/demo.tar.xz`;
      const expression = `(import "\${fetchTarball "${url}"}/greetings").english`;
      expect(await client.nix('nix', 'eval', '--impure', '--raw', '--expr', expression)).toMatchObject({
        code: 0,
        out: 'Hello',
      });
      expect(await client.nix('nix-prefetch-url', '--unpack', url)).toMatchObject({ code: 0 });
    });

    it('follows the channel by nix-channel, with and without the extension', async () => {
      await publish('Hello');
      for (const url of [`${system.baseUrl}/channel/demo.tar.xz`, `${system.baseUrl}/channel/demo`]) {
        expect(await client.nix('nix-channel', '--add', url, 'demo')).toMatchObject({ code: 0 });
        const updated = await client.nix('nix-channel', '--update');
        expect([updated.code, updated.err]).toEqual([0, expect.anything()]);
        const found = await client.nix(
          'nix-instantiate',
          '--eval',
          '--expr',
          '(import <demo/greetings>).english',
          '-I',
          `${client.home}/.nix-defexpr/channels`,
        );
        expect(found).toMatchObject({ code: 0, out: '"Hello"\n' });
      }
    });

    it('locks with credentials for the API in its netrc, which the bucket does not get', async () => {
      await publish('Hello');
      await client.netrc('machine 127.0.0.1 login token password secret');
      const flake = await user();
      expect(await client.nix('nix', 'flake', 'lock', flake)).toMatchObject({ code: 0 });
      expect(await client.nix('nix', 'eval', '--raw', `${flake}#greeting`)).toMatchObject({
        code: 0,
        out: 'Hello, channel!',
      });
    });

    it('shows its user the reason of a 404', async () => {
      const shown = await client.nix('nix', 'flake', 'metadata', `${system.baseUrl}/channel/nope.tar.xz`);
      expect(shown.code).not.toBe(0);
      expect(shown.err).toContain('There is no channel "nope.tar.xz". Channels: demo.');
    });
  });

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type NixClient, nixClient, nixClients } from '../support/nix-client.ts';
import {
  channelctlAs,
  privateFlags,
  startTestStore,
  type TestServer,
  type TestStore,
  testServers,
  writePublishers,
} from '../support/test-server.ts';
import { newKey, token } from '../support/tokens.ts';

const demo = fileURLToPath(new URL('../../lib/local/demo/flake', import.meta.url));
const key = newKey('RS256');

if (nixClients.length === 0)
  it.skip('a real Nix reads from the server, in the directories that NIX_CLIENTS names', () => {});

for (const { name, directory } of nixClients)
  describe(`Nix from ${name}, with the server`, () => {
    let store: TestStore;
    let server: TestServer;
    const { start, end } = testServers(() => store);
    let client: NixClient;

    beforeEach(async () => {
      store = await startTestStore();
      client = await nixClient(directory);
    });
    afterEach(async () => {
      await end();
      await client.close();
      await store.close();
    }, 30_000);

    async function publish(flags: readonly string[] = []): Promise<string> {
      const publishers = writePublishers(store.directory, [{ name: 'admin', administrator: true }]);
      server = await start({ flags: ['--publishers', publishers, ...flags] });
      const channelctl = channelctlAs(store, server, 'admin');
      for (const args of [
        ['add', 'demo'],
        ['publish', 'demo', demo, '--name', 'demo-1'],
      ])
        expect(await channelctl(...args)).toMatchObject({ code: 0, err: expect.anything() });
      const flake = join(client.home, 'flake');
      mkdirSync(flake);
      writeFileSync(
        join(flake, 'flake.nix'),
        `{ inputs.demo.url = "${server.origin}/channel/demo.tar.xz"; outputs = { demo, ... }: { inherit (demo) greeting; }; }`,
      );
      return flake;
    }

    const evaluate = (flake: string) => client.nix('nix', 'eval', '--raw', `${flake}#greeting`);

    it('locks and evaluates a public channel', async () => {
      const flake = await publish();
      expect(await evaluate(flake)).toMatchObject({ code: 0, out: 'Hello, channel!' });
      const { locked } = JSON.parse(readFileSync(join(flake, 'flake.lock'), 'utf8')).nodes.demo;
      expect(locked.url).toContain(`${server.origin}/permanent/demo-1.tar.xz`);
    }, 90_000);

    it('reads a private channel with a token in its netrc, and not without', async () => {
      const flake = await publish(privateFlags(store, key.pem));
      const refused = await evaluate(flake);
      expect([refused.code === 0, refused.err]).toEqual([false, expect.stringContaining('Reading this needs a token')]);
      const bearer = token(key, { sub: 'ci', exp: Math.floor(Date.now() / 1_000) + 3_600 });
      await client.netrc(`machine 127.0.0.1 login token password ${bearer}`);
      expect(await evaluate(flake)).toMatchObject({ code: 0, out: 'Hello, channel!' });
    }, 90_000);
  });

import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { exitCodes } from '../../lib/client/exit-codes.ts';
import { type NixClient, nixClient, nixClients } from '../support/nix-client.ts';
import { againstRealStore, startTestSystem, type TestSystem } from '../support/test-system.ts';

const run = promisify(execFile);
const demo = fileURLToPath(new URL('../../lib/local/demo/flake', import.meta.url));

if (nixClients.length === 0) {
  console.log('NIX_CLIENTS is not set: what needs a real Nix is skipped.');
  it.skip('with a real Nix, in the directories that NIX_CLIENTS names', () => {});
}

for (const { name, directory } of nixClients)
  describe(`a retired release and Nix from ${name}`, () => {
    let system: TestSystem;
    let client: NixClient;
    let flake: string;

    const publish = async (word: string): Promise<void> => {
      const source = join(system.directory, `demo-${word}`);
      await cp(demo, source, { recursive: true });
      const greetings = join(source, 'greetings', 'default.nix');
      await writeFile(greetings, (await readFile(greetings, 'utf8')).replace('Hello', word));
      await run('tar', ['cJf', `demo-${word}.tar.xz`, `demo-${word}`], { cwd: system.directory });
      const { code, err } = await system.channelctl('publish', 'demo', `${source}.tar.xz`);
      expect([code, err]).toEqual([0, expect.anything()]);
    };
    const greet = (from: NixClient) => from.nix('nix', 'eval', '--raw', `${flake}#greeting`);
    /** Somebody who has the lock, and nothing in the store. */
    const greetAnew = async () => {
      const other = await nixClient(directory);
      try {
        return await greet(other);
      } finally {
        await other.close();
      }
    };

    beforeEach(async () => {
      system = await startTestSystem();
      client = await nixClient(directory);
      await system.channelctl('add', 'demo');
      await publish('Hello');
      flake = join(client.home, 'flake');
      await mkdir(flake, { recursive: true });
      await writeFile(
        join(flake, 'flake.nix'),
        `{ inputs.demo.url = "${system.baseUrl}/channel/demo.tar.xz"; outputs = { demo, ... }: { inherit (demo) greeting; }; }`,
      );
      expect(await client.nix('nix', 'flake', 'lock', flake)).toMatchObject({ code: 0 });
      await publish('Servus');
    });
    afterEach(async () => {
      await client.close();
      await system.close();
    });

    it('lives from its publication to its end: Nix says why a lock cannot be fetched, and the update that it names works', async () => {
      expect((await greetAnew()).out).toBe('Hello, channel!');
      const reason = 'It has CVE-2026-0001';
      const retire = ['retire', 'demo', 'demo-Hello', '--reason', reason, '--instead', 'demo-Servus', '--yes'];
      expect((await system.channelctl(...retire)).code).toBe(0);

      const refused = await greetAnew();
      expect(refused.code).not.toBe(0);
      expect(refused.err).toContain('410');
      expect(refused.err).toMatch(
        /The release "demo-Hello" was retired on \d{4}-\d\d-\d\d: It has CVE-2026-0001\. Use "demo-Servus" instead: http:\S+\/permanent\/demo-Servus\.tar\.xz/,
      );
      // What is in the store needs no service.
      expect(await greet(client)).toMatchObject({ code: 0, out: 'Hello, channel!' });

      expect((await system.channelctl('retire', 'demo', 'demo-Hello', '--undo')).code).toBe(0);
      expect((await greetAnew()).out).toBe('Hello, channel!');

      // The publisher's keys may delete in the stand-in only.
      expect((await system.channelctl('takedown', 'demo', 'demo-Hello', '--reason', 'withdrawn', '--yes')).code).toBe(
        againstRealStore ? exitCodes.noAccess : exitCodes.done,
      );
      expect((await greetAnew()).err).toMatch(/The release "demo-Hello" was taken down on \S+: withdrawn\. The newest/);
      expect(await client.nix('nix', 'flake', 'update', '--flake', flake)).toMatchObject({ code: 0 });
      expect((await greetAnew()).out).toBe('Servus, channel!');
    });
  });

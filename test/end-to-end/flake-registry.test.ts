import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type NixClient, nixClient, nixClients } from '../support/nix-client.ts';
import { startTestSystem, type TestSystem } from '../support/test-system.ts';

const flake = `{ outputs = _: { word = "hello"; apps.x86_64-linux.default = { type = "app"; program = "/bin/sh"; }; }; }\n`;

if (nixClients.length === 0) {
  console.log('NIX_CLIENTS is not set: what needs a real Nix is skipped.');
  it.skip('with a real Nix, in the directories that NIX_CLIENTS names', () => {});
} else
  describe('the flake registry', () => {
    let system: TestSystem;
    beforeAll(async () => {
      system = await startTestSystem();
      const tree = join(system.directory, 'tree');
      await mkdir(tree);
      await writeFile(join(tree, 'flake.nix'), flake);
      for (const channel of ['tools', 'nixos-25.05', 'nixos-25.05-small']) {
        expect(await system.channelctl('add', channel)).toMatchObject({ code: 0 });
        const { code, err } = await system.channelctl('publish', channel, tree, '--name', `${channel}-1`);
        expect([code, err]).toEqual([0, expect.anything()]);
      }
    }, 120_000);
    afterAll(() => system.close());

    describe.each(nixClients)('$name', ({ directory }) => {
      const open: NixClient[] = [];
      afterEach(async () => {
        await Promise.all(open.splice(0).map((client) => client.close()));
      });
      async function client() {
        const opened = await nixClient(directory);
        open.push(opened);
        const nix = (...command: string[]) =>
          opened.nix('nix', ...command, '--option', 'flake-registry', `${system.baseUrl}/flake-registry.json`);
        return { ...opened, nix };
      }

      it.each([
        ['tools', 'tools'],
        ['nixos/25.05', 'nixos-25.05'],
        ['nixos/25.05-small', 'nixos-25.05-small'],
      ])('leads from %s to the release of its channel', async (name, channel) => {
        const { nix } = await client();
        const { code, out, err } = await nix('flake', 'metadata', '--json', name);
        expect([code, err]).toEqual([0, expect.anything()]);
        const { locked, resolvedUrl } = JSON.parse(out);
        expect(locked.url).toContain(`/permanent/${channel}-1.tar.xz`);
        expect(resolvedUrl).toContain(`/channel/${channel}.tar.xz`);
        expect(JSON.parse((await nix('eval', '--json', `${name}#word`)).out)).toBe('hello');
      });

      it('is what an input without a URL is looked up in, and the lock names the permanent URL', async () => {
        const { nix, home } = await client();
        const project = join(home, 'project');
        await mkdir(project);
        const text =
          '{ inputs.tools = { }; inputs.nixos.url = "nixos/25.05"; outputs = { tools, nixos, ... }: { inherit (tools) word; }; }';
        await writeFile(join(project, 'flake.nix'), text);
        const { code, err } = await nix('flake', 'lock', `path:${project}`);
        expect([code, err]).toEqual([0, expect.anything()]);
        const { nodes } = JSON.parse(await readFile(join(project, 'flake.lock'), 'utf8'));
        expect(nodes.tools.locked.url).toContain('/permanent/tools-1.tar.xz');
        expect(nodes.nixos.locked.url).toContain('/permanent/nixos-25.05-1.tar.xz');
      });

      it('says that there is no such flake where only another ref is a channel', async () => {
        const { nix } = await client();
        const { code, err } = await nix('flake', 'metadata', 'nixos');
        expect([code, err]).toEqual([1, expect.stringMatching(/cannot find flake.*nixos.*in the flake registries/)]);
      });
    });
  });

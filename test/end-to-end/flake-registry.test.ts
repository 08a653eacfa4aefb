import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type NixClient, nixClient, nixClients } from '../support/nix-client.ts';
import { startTestSystem, type TestSystem } from '../support/test-system.ts';

/** An app must be in the Nix store, as the flake's own source is. */
const flake = `{
  outputs = { self }: {
    word = "hello";
    apps = builtins.listToAttrs (map (name: { inherit name; value.default = { type = "app"; program = "\${self}/run"; }; }) [
      "x86_64-linux" "aarch64-linux"
    ]);
  };
}\n`;

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
      await writeFile(join(tree, 'run'), '#!/bin/sh\necho "ran with $*"\n', { mode: 0o755 });
      for (const channel of ['tools', 'nixos-25.05', 'nixos-25.05-small']) {
        expect(await system.channelctl('add', channel)).toMatchObject({ code: 0 });
        const { code, err } = await system.channelctl('publish', channel, tree, '--name', `${channel}-1`);
        expect([code, err]).toEqual([0, expect.anything()]);
      }
      for (const [channel, ...aliases] of [
        ['nixos-25.05', 'nixpkgs/nixos-25.05', 'nixpkgs', 'stable/a_b.c+d@e-f'],
        ['tools', 'kit'],
      ]) {
        const given = aliases.flatMap((alias) => ['--alias', alias]);
        expect(await system.channelctl('set', channel as string, ...given)).toMatchObject({ code: 0 });
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
          opened.nix('nix', '--option', 'flake-registry', `${system.baseUrl}/flake-registry.json`, ...command);
        return { ...opened, nix };
      }

      it.each([
        ['tools', 'tools'],
        ['nixos/25.05', 'nixos-25.05'],
        ['nixos/25.05-small', 'nixos-25.05-small'],
        ['kit', 'tools'],
        ['nixpkgs', 'nixos-25.05'],
        ['nixpkgs/nixos-25.05', 'nixos-25.05'],
        ['flake:nixpkgs/nixos-25.05', 'nixos-25.05'],
        ['stable/a_b.c+d@e-f', 'nixos-25.05'],
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
          '{ inputs.tools = { }; inputs.nixos.url = "nixos/25.05"; inputs.nixpkgs = { }; inputs.stable.url = "nixpkgs/nixos-25.05"; outputs = { tools, ... }: { inherit (tools) word; }; }';
        await writeFile(join(project, 'flake.nix'), text);
        const { code, err } = await nix('flake', 'lock', `path:${project}`);
        expect([code, err]).toEqual([0, expect.anything()]);
        const { nodes } = JSON.parse(await readFile(join(project, 'flake.lock'), 'utf8'));
        expect(nodes.tools.locked.url).toContain('/permanent/tools-1.tar.xz');
        for (const name of ['nixos', 'nixpkgs', 'stable'])
          expect(nodes[name].locked.url).toContain('/permanent/nixos-25.05-1.tar.xz');
        expect(nodes.stable.original).toEqual({ id: 'nixpkgs', ref: 'nixos-25.05', type: 'indirect' });
        expect(JSON.parse((await nix('eval', '--json', `path:${project}#word`)).out)).toBe('hello');
      });

      it.each(['tools', 'kit', 'nixpkgs/nixos-25.05'])('is where "nix run" finds %s', async (name) => {
        const { nix } = await client();
        expect(await nix('run', name, '--', 'an', 'argument')).toMatchObject({
          code: 0,
          out: 'ran with an argument\n',
        });
      });

      it('is listed with each name once', async () => {
        const { nix } = await client();
        const { code, out } = await nix('registry', 'list');
        expect(code).toBe(0);
        expect(out.split('\n').filter((line) => line.startsWith('global'))).toEqual([
          `global flake:nixos/25.05 ${system.baseUrl}/channel/nixos-25.05.tar.xz`,
          `global flake:nixos/25.05-small ${system.baseUrl}/channel/nixos-25.05-small.tar.xz`,
          `global flake:tools ${system.baseUrl}/channel/tools.tar.xz`,
          `global flake:nixpkgs/nixos-25.05 ${system.baseUrl}/channel/nixos-25.05.tar.xz`,
          `global flake:nixpkgs ${system.baseUrl}/channel/nixos-25.05.tar.xz`,
          `global flake:stable/a_b.c%2Bd@e-f ${system.baseUrl}/channel/nixos-25.05.tar.xz`,
          `global flake:kit ${system.baseUrl}/channel/tools.tar.xz`,
        ]);
      });

      it.each(['nixpkgs/nixos-24.11', 'kit/x', 'stable'])('has no other ref of an alias: %s', async (name) => {
        const { nix } = await client();
        const { code, err } = await nix('flake', 'metadata', name);
        expect([code, err]).toEqual([1, expect.stringMatching(/cannot find flake .*in the flake registries/)]);
      });

      it('says that there is no such flake where only another ref is a channel', async () => {
        const { nix } = await client();
        const { code, err } = await nix('flake', 'metadata', 'nixos');
        expect([code, err]).toEqual([1, expect.stringMatching(/cannot find flake.*nixos.*in the flake registries/)]);
      });
    });
  });

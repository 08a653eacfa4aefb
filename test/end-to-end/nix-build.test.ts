import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { bundleHash } from '../../bin/flake-hash.ts';
import checkout from '../../package.json' with { type: 'json' };
import { type NixClient, type NixRun, nixClient, nixClients } from '../support/nix-client.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const fixtures = join(root, 'test/fixtures/nix');
const { version } = checkout;

/** What flake.nix reads. */
const sources = ['flake.nix', 'nix', 'bin', 'lambda', 'lib'].concat([
  '.npmrc',
  'LICENSE',
  'NOTICE',
  'package-lock.json',
  'package.json',
  'tsconfig.json',
]);

/** Of what the derivation of the bundles passes on to npm, what is set here. */
const npmVariables = ['NODE_EXTRA_CA_CERTS', 'npm_config_registry'].flatMap((name) =>
  process.env[name] === undefined ? [] : [`${name}=${process.env[name]}`],
);

/**
 * A directory with the node of this checkout and an npm. `NIX_BUILD_NPM` names a real npm, which downloads. Without it `npm ci`
 * gives the packages that this checkout has.
 */
function nodeDirectory(directory: string): string {
  const programs = join(directory, 'bin');
  mkdirSync(programs, { recursive: true });
  symlinkSync(process.execPath, join(programs, 'node'));
  const npm = join(programs, 'npm');
  if (process.env.NIX_BUILD_NPM) symlinkSync(process.env.NIX_BUILD_NPM, npm);
  else {
    const copy = (options: string): string => `cp ${options} '${join(root, 'node_modules')}' .`;
    const lines = ['#!/bin/sh', '[ "$1" = ci ] || exit 2', `${copy('-al')} 2>/dev/null || ${copy('-a')}`];
    writeFileSync(npm, `${lines.join('\n')}\n`);
    chmodSync(npm, 0o755);
  }
  return directory;
}

if (nixClients.length === 0)
  it.skip('the packages are built by a real Nix, in the directories that NIX_CLIENTS names', () => {});

for (const { name, directory } of nixClients)
  describe(`the packages of the flake, built by Nix from ${name} without a sandbox, with the programs of this machine as nixpkgs,`, () => {
    let client: NixClient;
    let flake: string;
    let nixpkgs: string;

    beforeAll(async () => {
      client = await nixClient(directory);
      flake = join(client.home, 'flake');
      nixpkgs = join(client.home, 'nixpkgs');
      for (const path of sources) cpSync(join(root, path), join(flake, path), { recursive: true });
      cpSync(join(fixtures, 'nixpkgs'), nixpkgs, { recursive: true });
      cpSync(join(fixtures, 'lib.nix'), join(nixpkgs, 'lib.nix'));
      const machine = {
        bash: execFileSync('sh', ['-c', 'command -v bash'], { encoding: 'utf8' }).trim(),
        node: nodeDirectory(join(client.home, 'node')),
      };
      writeFileSync(join(nixpkgs, 'machine.json'), JSON.stringify(machine));
    });
    afterAll(() => client.close());

    const setHash = (hash: string): void => writeFileSync(join(flake, 'nix/bundles.json'), JSON.stringify({ hash }));
    const nix = (command: readonly string[], installable: string): Promise<NixRun> =>
      client.nix(
        ...['env', ...npmVariables, 'nix', ...command, `path:${flake}${installable}`],
        ...['--override-input', 'nixpkgs', `path:${nixpkgs}`, '--no-write-lock-file'],
      );
    async function build(installable: string): Promise<string> {
      const { code, out, err } = await nix(['build', '--no-link', '--print-out-paths'], installable);
      if (code !== 0) throw new Error(err);
      return out.trim();
    }

    it('are refused where nix/bundles.json has another hash, and what npm run flake:hash computes is named', async () => {
      setHash('sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=');
      const { code, err } = await nix(['build', '--no-link'], '#channelctl');
      expect([code, /got:\s+(\S+)/.exec(err)?.[1]]).toEqual([1, await bundleHash()]);
    }, 300_000);

    it('have programs that run, their licences, and what shells complete with', async () => {
      setHash(await bundleHash());
      const channelctl = await build('#channelctl');
      const ran = await client.nix(join(channelctl, 'bin/channelctl'), '--version');
      expect(ran).toMatchObject({ code: 0, out: expect.stringContaining(`channelctl ${version} `) });
      const shared = ['bash-completion/completions/channelctl.bash', 'zsh/site-functions/_channelctl'];
      for (const path of [...shared, 'fish/vendor_completions.d/channelctl.fish'])
        expect([path, existsSync(join(channelctl, 'share', path))]).toEqual([path, true]);

      const server = await build('#nix-channel-server');
      const helped = await client.nix(join(server, 'bin/nix-channel-server'), '--help');
      expect(helped).toMatchObject({ code: 0, out: expect.stringContaining('Usage: nix-channel-server [options]') });
      expect(readdirSync(join(server, 'share/licenses/nix-channel-server')).sort()).toEqual([
        'LICENSE',
        'NOTICE',
        'THIRD-PARTY-NOTICES.txt',
      ]);
    });

    it('pass nix flake check, and nix run starts the command', async () => {
      setHash(await bundleHash());
      expect(await nix(['flake', 'check'], '')).toMatchObject({ code: 0, err: expect.anything() });
      const ran = await nix(['run'], '');
      expect(ran.out + ran.err).toContain('Usage: channelctl');
    });
  });

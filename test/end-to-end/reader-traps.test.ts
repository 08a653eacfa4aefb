import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { tarballFormatOf } from '../../lib/domain/names.ts';
import { acceptedTraps, readerTraps, readerTrapsFolder, refusedTraps } from '../support/nar/reader-traps.ts';
import { type NixClient, nixClient, nixClients } from '../support/nix-client.ts';
import { startTestSystem, type TestSystem } from '../support/test-system.ts';

const formatOf = (name: string): string => tarballFormatOf(name) ?? '';
const channelOf = (name: string): string => `traps${formatOf(name).replaceAll('.', '-')}`;

let system: TestSystem;

beforeAll(async () => {
  system = await startTestSystem();
  for (const format of new Set(readerTraps.map(([name]) => formatOf(name))))
    expect(await system.channelctl('add', channelOf(format), '--file-extension', format)).toMatchObject({ code: 0 });
});
afterAll(() => system.close());

const publish = (name: string, ...flags: string[]) =>
  system.channelctl('publish', channelOf(name), readerTrapsFolder + name, '--force', '--json', ...flags);

describe('an archive that readers trip over', () => {
  it.each(refusedTraps)('%s is refused, and nothing of it is sent', async (name, { refused }) => {
    const { code, out, err } = await publish(name);
    expect([code, JSON.parse(out)]).toMatchObject([3, { error: { code: 'archive-refused', field: 'file' } }]);
    expect(err).toContain(`channelctl: The archive${refused?.startsWith('entry') ? "'s " : ' '}${refused}`);
    expect((await system.ask(`/permanent/${name}`, { method: 'HEAD' })).status).toBe(404);
    expect(await system.channelctl('inspect', readerTrapsFolder + name)).toMatchObject({ code: 3, out: '' });
  });

  it.each(acceptedTraps)('%s is published with its warnings', async (name, { warnings = [] }) => {
    const channel = await system.newChannel('--file-extension', formatOf(name));
    const args = [channel, readerTrapsFolder + name, '--name', `${channel}-1`, '--json'];
    const { code, out, err } = await system.channelctl('publish', ...args);
    expect(code).toBe(0);
    const told: readonly { code: string; message: string }[] = JSON.parse(out).warnings;
    expect(told.map((warning) => warning.code)).toEqual(warnings);
    for (const { message } of told) expect(err).toContain(`warning: ${message}\n`);
    const path = `/permanent/${channel}-1${formatOf(name)}`;
    expect((await system.ask(path, { method: 'HEAD' })).status).toBe(200);
    const { facts = {} } = JSON.parse((await system.channelctl('show', channel, '--json')).out);
    const { narHash } = JSON.parse((await system.channelctl('inspect', readerTrapsFolder + name, '--json')).out);
    expect([facts.release, facts.narHash]).toEqual([`${channel}-1`, narHash]);
  });
});

for (const { name: version, directory } of nixClients)
  describe(`Nix from ${version}`, () => {
    let client: NixClient;

    beforeAll(async () => {
      client = await nixClient(directory);
      for (const [name] of acceptedTraps) expect((await publish(name)).code).toBe(0);
    });
    afterAll(() => client.close());

    const permanent = (name: string): string => `${system.baseUrl}/permanent/${name}`;

    it.each(acceptedTraps)('gives %s the hash that the command printed', async (name, { narHash, lastModified }) => {
      const prefetched = await client.nix('nix', 'flake', 'prefetch', '--json', permanent(name));
      expect([prefetched.code, prefetched.err]).toEqual([0, expect.anything()]);
      const { hash, locked } = JSON.parse(prefetched.out);
      expect(hash).toBe(narHash);
      if (lastModified !== undefined && locked !== undefined) expect(locked.lastModified).toBe(lastModified);
      const unpacked = await client.nix('nix-prefetch-url', '--unpack', permanent(name));
      const sri = await client.nix('nix-hash', '--to-sri', '--type', 'sha256', unpacked.out.trim());
      expect([unpacked.code, sri.out.trim()]).toEqual([0, narHash]);
    });

    it('cannot follow a channel with several entries at its top by nix-channel, as the warning says', async () => {
      const follow = async (name: string) => {
        await client.nix('nix-channel', '--add', permanent(name), 'traps');
        return client.nix('nix-channel', '--update');
      };
      expect(await follow('flat.tar.gz')).toMatchObject({
        code: 1,
        err: expect.stringContaining('contains more than one file'),
      });
      expect(await follow('case-conflict.tar.gz')).toMatchObject({ code: 0 });
    });

    it('cannot use a flake that sets inputs.self, as the warning says', async () => {
      const evaluate = async (name: string) => {
        const flake = join(client.home, name);
        await mkdir(flake, { recursive: true });
        const text = `{ inputs.trap.url = "${permanent(name)}"; outputs = { trap, ... }: { word = "fine"; }; }`;
        await writeFile(join(flake, 'flake.nix'), text);
        await client.nix('nix', 'flake', 'lock', flake);
        return client.nix('nix', 'eval', '--raw', `${flake}#word`);
      };
      expect(await evaluate('one.tar.zst')).toMatchObject({ code: 0, out: 'fine' });
      expect(await evaluate('selfsub.tar.gz')).toMatchObject({
        code: 1,
        err: expect.stringMatching(/unexpected flake input attribute|not supported by scheme 'tarball'/),
      });
    });

    it('finds neither a flake nor an expression in an archive with that warning', async () => {
      const name = 'neither-flake-nor-default.tar.gz';
      const metadata = await client.nix('nix', 'flake', 'metadata', permanent(name));
      expect([metadata.code, metadata.err]).toEqual([1, expect.stringContaining('flake.nix')]);
      const imported = await client.nix(
        'nix',
        'eval',
        '--impure',
        '--expr',
        `import (fetchTarball "${permanent(name)}")`,
      );
      expect([imported.code, imported.err]).toEqual([1, expect.stringContaining('default.nix')]);
    });
  });

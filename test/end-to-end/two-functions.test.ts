import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { launchPublish } from '../support/launch-publish.ts';
import { type NixClient, nixClient, nixClients } from '../support/nix-client.ts';
import { tarball } from '../support/tarball.ts';
import { basic, newKey, token } from '../support/tokens.ts';
import { type TwoFunctions, twoFunctions } from '../support/two-functions.ts';

const run = promisify(execFile);
const demo = fileURLToPath(new URL('../../lib/local/demo/flake', import.meta.url));
const key = newKey('ES256');
const jwt = { keys: { pems: [key.pem], defaultScope: 'none' as const }, leewaySeconds: 0 };
const tokenFor = (...channels: string[]): string =>
  token(key, { sub: 'ci', exp: Math.floor(Date.now() / 1_000) + 3_600, channels });

let system: TwoFunctions;

/** Asks the function that answers for releases. */
const release = async (name: string, authorization?: string): Promise<number> => {
  const headers = authorization === undefined ? {} : { authorization };
  return (await system.releases.ask(`/permanent/${name}.tar.xz`, { headers })).status;
};

async function channelctl(...args: string[]): Promise<void> {
  const { code, err } = await system.channels.channelctl(...args);
  expect([code, err]).toEqual([0, expect.anything()]);
}

/** Publishes by the command in a process of its own: the archive, or one that is made. */
async function publish(channel: string, name: string, archive?: string): Promise<void> {
  const path = archive ?? join(system.channels.directory, `${name}.tar.xz`);
  if (archive === undefined) await writeFile(path, tarball(name, 1_700_000_000));
  const { ended, printed } = launchPublish(system.channels, channel, path);
  expect([await ended, printed()]).toEqual([0, expect.stringContaining(`published: ${name}`)]);
}

describe('two functions without a common cache', () => {
  afterEach(() => system.close());

  it('serve a release that a client requested before another process published it', async () => {
    system = await twoFunctions();
    await channelctl('add', 'demo');
    await publish('demo', 'demo-1');
    expect(await release('demo-1')).toBe(307);
    expect(await release('demo-2')).toBe(404);
    await publish('demo', 'demo-2');
    const { headers } = await system.channels.ask('/channel/demo.tar.xz');
    expect(headers.location).toBe(`${system.baseUrl}/permanent/demo-2.tar.xz`);
    expect(await release('demo-2')).toBe(307);
  });

  it('serve a release of a channel that was added later, with another extension', async () => {
    system = await twoFunctions();
    await channelctl('add', 'demo');
    const ask = (): Promise<{ readonly status: number }> => system.releases.ask('/permanent/disk-1.qcow2');
    expect((await ask()).status).toBe(404);
    await channelctl('add', 'disk', '--file-extension', '.qcow2');
    const path = join(system.channels.directory, 'disk-1.qcow2');
    await writeFile(path, 'an image');
    await channelctl('publish', 'disk', path);
    expect((await system.channels.ask('/channel/disk.qcow2')).status).toBe(307);
    expect((await ask()).status).toBe(307);
  });

  it('serve a promoted release to tokens for its new channel, and to everybody where that is public', async () => {
    system = await twoFunctions({ jwt });
    for (const channel of ['staging', 'stable', 'open']) await channelctl('add', channel);
    await channelctl('set', 'open', '--visibility', 'public');
    await publish('staging', 'staging-1');
    const authorization = basic(tokenFor('stable'));
    for (const [channel, who] of [
      ['stable', authorization],
      ['open', undefined],
    ] as const) {
      await system.releases.ask(`/channel/${channel}.tar.xz`, { headers: { authorization } });
      expect(await release('staging-1', who)).toBe(who === undefined ? 401 : 404);
      await channelctl('promote', 'staging', channel);
      // For who has no token the public channels are read again at most once a second.
      if (who === undefined) await new Promise((resolve) => setTimeout(resolve, 1_100));
      expect(await release('staging-1', who)).toBe(307);
    }
  });
});

for (const { name, directory } of nixClients)
  describe(`Nix from ${name}, led by one function to another`, () => {
    let client: NixClient;

    beforeEach(async () => {
      client = await nixClient(directory);
    });
    afterEach(async () => {
      await client.close();
      await system.close();
    });

    /** The demo flake as an archive. */
    async function flakeArchive(archive: string): Promise<string> {
      const folder = system.channels.directory;
      await cp(demo, join(folder, archive), { recursive: true });
      await run('tar', ['cJf', `${archive}.tar.xz`, archive], { cwd: folder });
      return join(folder, `${archive}.tar.xz`);
    }

    async function lock(channel: string): Promise<unknown> {
      const flake = join(client.home, 'flake');
      await mkdir(flake, { recursive: true });
      const url = `${system.baseUrl}/channel/${channel}.tar.xz`;
      await writeFile(join(flake, 'flake.nix'), `{ inputs.demo.url = "${url}"; outputs = _: { }; }`);
      const { code, err } = await client.nix('nix', 'flake', 'lock', flake);
      expect([code, err]).toEqual([0, expect.anything()]);
      return JSON.parse(await readFile(join(flake, 'flake.lock'), 'utf8')).nodes.demo.locked.url;
    }

    it('locks a release at once that was requested before it was published, during a flood of other names', async () => {
      system = await twoFunctions();
      await channelctl('add', 'demo');
      await publish('demo', 'demo-1');
      expect(await release('demo-1')).toBe(307);
      expect(await release('demo-2')).toBe(404);
      await publish('demo', 'demo-2', await flakeArchive('demo-2'));
      let isLocked = false;
      const seen = new Set<number>();
      const flood = async (who: number): Promise<void> => {
        for (let number = 0; !isLocked; number += 1) seen.add(await release(`demo-${who}-${number}`));
      };
      const flooding = Promise.all(Array.from({ length: 40 }, (_, who) => flood(who)));
      try {
        expect(await lock('demo')).toContain('/permanent/demo-2.tar.xz');
      } finally {
        isLocked = true;
        await flooding;
      }
      expect([...seen].filter((status) => status !== 404 && status !== 503)).toEqual([]);
    });

    it('locks a release that was just promoted to the channel that its token is for', async () => {
      system = await twoFunctions({ jwt });
      for (const channel of ['staging', 'stable']) await channelctl('add', channel);
      await publish('staging', 'staging-1', await flakeArchive('staging-1'));
      expect(await release('staging-1', basic(tokenFor('stable')))).toBe(404);
      await channelctl('promote', 'staging', 'stable');
      await client.netrc(`machine 127.0.0.1 login token password ${tokenFor('stable')}`);
      expect(await lock('stable')).toContain('/permanent/staging-1.tar.xz');
    });
  });

import { appendFile, cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type NixClient, nixClient, nixClients } from '../support/nix-client.ts';
import { startTestSystem, type TestSystem } from '../support/test-system.ts';
import { newKey, token } from '../support/tokens.ts';

const demo = fileURLToPath(new URL('../../lib/local/demo/flake', import.meta.url));
const key = newKey('ES256');
const inAnHour = Math.floor(Date.now() / 1_000) + 3_600;

if (nixClients.length === 0)
  it.skip('private channels with a real Nix, in the directories that NIX_CLIENTS names', () => {});

for (const { name, directory } of nixClients)
  describe(`Nix from ${name}, where channels are private`, () => {
    let system: TestSystem;
    let client: NixClient;

    async function user(channel: string): Promise<string> {
      const flake = join(client.home, `uses-${channel}`);
      await mkdir(flake, { recursive: true });
      const url = `${system.baseUrl}/channel/${channel}.tar.xz`;
      await writeFile(
        join(flake, 'flake.nix'),
        `{ inputs.demo.url = "${url}"; outputs = { demo, ... }: { inherit (demo) greeting; }; }`,
      );
      return flake;
    }

    const carry = (claims: object, header = {}): Promise<void> =>
      writeFile(
        join(client.home, 'netrc'),
        `machine 127.0.0.1 login token password ${token(key, { sub: 'ci', exp: inAnHour, ...claims }, header)}\n`,
      );

    const evaluate = (flake: string) => client.nix('nix', 'eval', '--raw', `${flake}#greeting`);

    /** Two private channels and a public one, each with a release. */
    async function startPrivate(): Promise<TestSystem> {
      const started = await startTestSystem({
        jwt: { keys: { pems: [key.pem], defaultScope: 'all' }, leewaySeconds: 0 },
      });
      for (const channel of ['team', 'other', 'open']) {
        await started.channelctl('add', channel);
        const { code, err } = await started.channelctl('publish', channel, demo, '--name', `${channel}-1`);
        expect([code, err]).toEqual([0, expect.anything()]);
      }
      const { code, err } = await started.channelctl('set', 'open', '--visibility', 'public');
      expect([code, err]).toEqual([0, expect.anything()]);
      return started;
    }

    let shared: TestSystem;
    beforeAll(async () => {
      shared = await startPrivate();
    });
    afterAll(() => shared.close());
    beforeEach(async () => {
      system = shared;
      client = await nixClient(directory);
    });
    afterEach(async () => {
      await client.close();
      if (system !== shared) await system.close();
    });

    it('locks and fetches with a token for that channel, into an empty store too', async () => {
      await carry({ channels: ['te*'] });
      const flake = await user('team');
      expect(await client.nix('nix', 'flake', 'lock', flake)).toMatchObject({ code: 0 });
      const lock = await readFile(join(flake, 'flake.lock'), 'utf8');
      expect(JSON.parse(lock).nodes.demo.locked.url).toContain('/permanent/team-1.tar.xz');
      expect(await evaluate(flake)).toMatchObject({ code: 0, out: 'Hello, channel!' });

      const other = await nixClient(directory);
      try {
        const copy = join(other.home, 'flake');
        await cp(flake, copy, { recursive: true });
        const refused = await other.nix('nix', 'eval', '--raw', `${copy}#greeting`);
        expect(refused.code).not.toBe(0);
        expect(refused.err).toContain('Reading this needs a token');
        await other.netrc(`machine 127.0.0.1 login ci password ${token(key, { exp: inAnHour, channels: ['team'] })}`);
        expect(await other.nix('nix', 'eval', '--raw', `${copy}#greeting`)).toMatchObject({ code: 0 });
        expect(await readFile(join(copy, 'flake.lock'), 'utf8')).toBe(lock);
      } finally {
        await other.close();
      }
    });

    it('is told why a token is refused, and reads public channels even with that token', async () => {
      await carry({ exp: 1_700_000_000 });
      const expired = await client.nix('nix', 'flake', 'lock', await user('team'));
      expect(expired.code).not.toBe(0);
      expect(expired.err).toContain('The token expired at 2023-11-14T22:13:20Z: ask its operator for a new one.');
      const open = await user('open');
      expect(await client.nix('nix', 'flake', 'lock', open)).toMatchObject({ code: 0 });
      expect(await evaluate(open)).toMatchObject({ code: 0, out: 'Hello, channel!' });
    });

    it('reads after "channelctl login" with the settings that it prints, until a default entry goes to the bucket', async () => {
      const path = join(client.home, "it's mine");
      await writeFile(join(client.home, 'token'), token(key, { sub: 'ci', exp: inAnHour }));
      const args = ['login', system.baseUrl, '--token', join(client.home, 'token'), '--netrc', path];
      const { code, out } = await system.channelctl(...args);
      const setting = out.split('\n').find((line) => line.includes('export NIX_CONFIG='));
      expect([code, setting]).toEqual([0, expect.anything()]);
      const lock = (flake: string) => client.nix('/bin/sh', '-c', `${setting}\nexec nix flake lock "$0"`, flake);
      expect(await lock(await user('team'))).toMatchObject({ code: 0 });

      await appendFile(path, 'default login anonymous\n');
      const failed = await lock(await user('other'));
      expect([failed.code, failed.err]).toEqual([1, expect.stringContaining('HTTP error 400')]);
      const url = `${system.baseUrl}/channel/other.tar.xz`;
      expect((await system.channelctl('doctor', 'reader', url, '--netrc', path)).out).toContain('(netrc-bucket)');
    });

    it('cannot tell a channel outside the scope of its token from one that does not exist', async () => {
      await carry({ channels: ['team'] });
      const said = async (channel: string): Promise<string> => {
        const { code, err } = await client.nix('nix', 'flake', 'lock', await user(channel));
        expect(code).not.toBe(0);
        return err;
      };
      expect(await said('other')).toContain('There is no channel "other.tar.xz". Channels: team, open.');
      expect(await said('nobody')).toContain('There is no channel "nobody.tar.xz". Channels: team, open.');
    });

    it('still reads the locked releases of a removed channel that it could read before', async () => {
      system = await startPrivate();
      await carry({ channels: ['team'] });
      const flakes = await Promise.all(['open', 'team'].map(user));
      for (const flake of flakes) expect(await client.nix('nix', 'flake', 'lock', flake)).toMatchObject({ code: 0 });
      for (const channel of ['open', 'team', 'other'])
        expect((await system.channelctl('remove', channel, '--yes')).code).toBe(0);
      const [open = '', team = ''] = flakes;

      // Each has an empty store: all channels have the same bytes here, so what one of them fetched would do for another.
      const [stranger, reader] = [await nixClient(directory), await nixClient(directory)];
      try {
        const evaluated = (by: NixClient, flake: string) => by.nix('nix', 'eval', '--raw', `${flake}#greeting`);
        const said = async (by: NixClient, ...args: string[]): Promise<string> => {
          const { code, err } = await by.nix('nix', 'flake', ...args);
          expect(code).toBe(1);
          return err;
        };
        const refused = await evaluated(stranger, team);
        expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('Reading this needs a token')]);
        expect(await evaluated(stranger, open)).toMatchObject({ code: 0, out: 'Hello, channel!' });
        expect(await said(stranger, 'update', '--flake', open)).toContain('The channel "open" was removed.');

        await reader.netrc(`machine 127.0.0.1 login ci password ${token(key, { exp: inAnHour, channels: ['team'] })}`);
        expect(await evaluated(reader, team)).toMatchObject({ code: 0, out: 'Hello, channel!' });
        expect(await said(reader, 'update', '--flake', team)).toContain('The channel "team" was removed.');
        expect(await said(reader, 'lock', await user('other'))).toContain('There is no channel "other.tar.xz"');
      } finally {
        await stranger.close();
        await reader.close();
      }
    });

    it('is refused once the key of its token is revoked, whatever kid the token has', async () => {
      system = await startPrivate();
      const flake = await user('team');
      const pem = join(client.home, 'key.pub');
      await writeFile(pem, key.pem);
      await carry({}, { kid: 'mine' });
      expect(await client.nix('nix', 'flake', 'lock', flake)).toMatchObject({ code: 0 });
      expect((await system.channelctl('token', 'revoke', '--key', pem, '--until', '2d')).code).toBe(0);
      for (const header of [{ kid: 'mine' }, { kid: 'another' }, {}]) {
        await carry({}, header);
        const updated = await client.nix('nix', 'flake', 'update', '--flake', flake);
        expect([updated.code, updated.err]).toEqual([1, expect.stringContaining('The token was revoked')]);
      }
    });

    it('is refused once its token is revoked', async () => {
      await carry({ jti: 'lost' });
      const flake = await user('team');
      expect(await client.nix('nix', 'flake', 'lock', flake)).toMatchObject({ code: 0 });
      const revoked = await system.channelctl('token', 'revoke', '--jti', 'lost', '--until', '2d');
      expect([revoked.code, revoked.err]).toEqual([0, expect.anything()]);
      const updated = await client.nix('nix', 'flake', 'update', '--flake', flake);
      expect(updated.code).not.toBe(0);
      expect(updated.err).toContain('The token was revoked');
    });
  });

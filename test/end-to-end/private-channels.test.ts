import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestSystem, type TestSystem } from '../support/test-system.ts';
import { basic, newKey, token } from '../support/tokens.ts';

const key = newKey('EdDSA');
const exp = Math.floor(Date.now() / 1_000) + 3_600;
const good = token(key, { exp, sub: 'ci' });

/** A good token of exactly so many characters. Base64 has no part of some lengths, so the header makes up for it. */
function tokenOf(length: number): string {
  for (const kid of ['', 'k', 'kk']) {
    const made = (pad: number): string => token(key, { exp, pad: 'x'.repeat(pad) }, { kid });
    let pad = Math.floor((length * 3) / 4) - 400;
    while (made(pad).length < length) pad += 1;
    if (made(pad).length === length) return made(pad);
  }
  throw new Error(`no token of ${length} characters`);
}

describe('private channels over real sockets', () => {
  let system: TestSystem;
  const status = async (path: string, authorization?: string): Promise<number> =>
    (await system.ask(path, authorization === undefined ? {} : { headers: { authorization } })).status;

  beforeAll(async () => {
    system = await startTestSystem({ jwt: { keys: { pems: [key.pem], defaultScope: 'all' }, leewaySeconds: 0 } });
    await system.lay('channels.json', { channels: ['team', 'open'], public: ['open'] });
    for (const name of ['team', 'open']) {
      await system.lay(`${name}.json`, { latest: `${name}-1` });
      await system.lay(`${name}-1.tar.xz`, 'bytes', { Metadata: { channel: name } });
    }
  });
  afterAll(() => system.close());

  it('are read to the last byte with a token, which is not sent on to the bucket', async () => {
    const answer = await system.ask('/permanent/team-1.tar.xz', { headers: { authorization: basic(good) } });
    expect(answer.status).toBe(307);
    const { location } = answer.headers as { location: string };
    expect(await (await fetch(location)).text()).toBe('bytes');
    expect((await fetch(location, { headers: { authorization: basic(good) } })).status).toBe(400);
  });

  it('answer 401 without a token, while public channels are served', async () => {
    expect(await status('/channel/team.tar.xz')).toBe(401);
    expect(await status('/permanent/team-1.tar.xz')).toBe(401);
    expect(await status('/channel/open.tar.xz')).toBe(307);
    expect(await status('/permanent/open-1.tar.xz')).toBe(307);
  });

  it('answer the same readers after they were removed', async () => {
    const addresses = (name: string) => [`/channel/${name}-gone.tar.xz`, `/permanent/${name}-gone-1.tar.xz`];
    const scoped = basic(token(key, { exp, channels: ['team-gone'] }));
    const before = JSON.parse(await system.read('channels.json'));
    const names = ['team-gone', 'open-gone'];
    await system.lay('channels.json', { channels: [...before.channels, ...names], public: ['open', 'open-gone'] });
    for (const name of names) {
      await system.lay(`${name}.json`, { latest: `${name}-1` });
      await system.lay(`${name}-1.tar.xz`, 'bytes', { Metadata: { channel: name } });
      expect(await system.channelctl('remove', name, '--yes')).toMatchObject({ code: 0 });
    }
    const asked = async (name: string, authorization?: string) =>
      Promise.all(addresses(name).map((path) => status(path, authorization)));
    expect(JSON.parse(await system.read('channels.json'))).toMatchObject({
      public: ['open', 'open-gone'],
      removed: names,
    });
    expect(await asked('open')).toEqual([410, 307]);
    expect(await asked('team')).toEqual([401, 401]);
    for (const authorization of [scoped, basic(good)]) {
      expect(await asked('open', authorization)).toEqual([410, 307]);
      expect(await asked('team', authorization)).toEqual([410, 307]);
    }
    expect(await asked('team', basic(token(key, { exp, channels: ['open'] })))).toEqual([404, 404]);
    expect((await system.channelctl('list')).out).not.toContain('-gone');
    expect((await system.channelctl('doctor', 'bucket')).out).not.toMatch(/public-unknown|catalog-/);
  });

  it('take a token of the length that Nix can send, and the gateway refuses one over its limit', async () => {
    expect(await status('/channel/team.tar.xz', basic(tokenOf(4_095)))).toBe(307);
    expect(await status('/channel/team.tar.xz', `Bearer ${tokenOf(9_900)}`)).toBe(307);
    expect(await status('/channel/team.tar.xz', `Bearer ${tokenOf(10_300)}`)).toBe(431);
  });

  it('are not opened by a second Authorization header, in whichever order', async () => {
    const { port, hostname } = new URL(system.origin);
    const send = (...lines: string[]): Promise<string> =>
      new Promise((resolve, reject) => {
        const socket = connect(Number(port), hostname);
        let text = '';
        socket.on('data', (data) => {
          text += data;
        });
        socket.on('end', () => resolve(text.split('\r\n')[0] as string));
        socket.on('error', reject);
        const headers = lines.map((line) => `Authorization: ${line}\r\n`).join('');
        socket.write(`GET /channel/team.tar.xz HTTP/1.1\r\nHost: ${hostname}\r\nConnection: close\r\n${headers}\r\n`);
      });
    expect(await send(`Bearer ${good}`)).toMatch(/ 307 /);
    expect(await send(`Bearer ${good}`, 'Bearer x')).toMatch(/ 401 /);
    expect(await send('Basic eDp5', `Bearer ${good}`)).toMatch(/ 401 /);
  });

  it('leave no part of a token in the log of the functions', async () => {
    await status('/channel/team.tar.xz', `Bearer ${good}x`);
    await status('/channel/team.tar.xz', basic(good));
    const parts = good.split('.');
    const written = system.written.join('');
    expect(written).toContain('"outcome":"led-to-release"');
    for (const part of [...parts, basic(good).slice(6)]) expect(written).not.toContain(part);
  });
});

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { keyThumbprint } from '../../lambda/auth/public-key.ts';
import { tarball } from '../support/tarball.ts';
import { startTestSystem, type TestSystem } from '../support/test-system.ts';
import { basic, newKey, token } from '../support/tokens.ts';

const key = newKey('EdDSA');
const otherKey = newKey('EdDSA');
const now = Math.floor(Date.now() / 1_000);
const tokenOf = (claims: object): string =>
  token(key, { sub: 'ci', iat: now - 60, exp: now + 3_600, ...claims }, { kid: 'k1' });
let system: TestSystem;

const status = async (channel: string, bearer?: string): Promise<number> => {
  const headers = bearer === undefined ? {} : { authorization: basic(bearer) };
  return (await system.ask(`/channel/${channel}.tar.xz`, { headers })).status;
};

/** Adds a channel with a release. */
async function add(channel: string, ...flags: string[]): Promise<void> {
  expect((await system.channelctl('add', channel, ...flags)).code).toBe(0);
  const path = join(system.directory, `${channel}-1.tar.xz`);
  await writeFile(path, tarball(channel));
  expect((await system.channelctl('publish', channel, path)).code).toBe(0);
}

beforeAll(async () => {
  system = await startTestSystem({
    jwt: { keys: { pems: [key.pem, otherKey.pem], defaultScope: 'all' }, leewaySeconds: 30 },
  });
  await add('open', '--visibility', 'public');
  await add('closed');
});
afterAll(() => system.close());

describe('channelctl set', () => {
  it('opens a channel to everybody, and closes it again', async () => {
    await add('toggle');
    const bearer = tokenOf({});
    expect([await status('open'), await status('toggle'), await status('toggle', bearer)]).toEqual([307, 401, 307]);
    expect(await system.channelctl('set', 'toggle', '--visibility', 'public')).toMatchObject({
      code: 0,
      out: expect.stringContaining('set: toggle (public'),
    });
    expect(await status('toggle')).toBe(307);
    expect((await system.channelctl('set', 'toggle', '--visibility', 'private', '--max-age', '3d')).code).toBe(0);
    expect([await status('toggle'), await status('toggle', bearer)]).toEqual([401, 307]);
    expect((await system.channelctl('list')).out.match(/^(open|toggle) .*$/gm)).toEqual([
      'open    .tar.xz  open-1    public',
      'toggle  .tar.xz  toggle-1          overdue after 3d',
    ]);
    expect((await system.channelctl('history', 'toggle')).out).toMatch(/set +private overdue after 3d +by arn/);
    expect((await system.channelctl('set', 'none', '--visibility', 'public')).code).toBe(6);
  });
});

describe('channelctl token revoke', () => {
  it.each([
    ['--jti', () => ['--jti', 'one', '--until', '1d'], { jti: 'one' }, { jti: 'two' }],
    ['--sub', () => ['--sub', 'laptop', '--until', '1d'], { sub: 'laptop' }, { sub: 'ci' }],
    ['--issued-before', () => ['--issued-before', '2025-01-01', '--until', '1d'], { iat: 1_700_000_000 }, {}],
    ['--token', async (text: string) => ['--token', await tokenFile(text)], { nonce: 1 }, { nonce: 2 }],
  ])('with %s shuts out that token and no other, until it is taken back', async (_, flags, mine, others) => {
    const [revoked, other] = [tokenOf(mine), tokenOf(others)];
    const args = await flags(revoked);
    expect([await status('closed', revoked), await status('closed', other)]).toEqual([307, 307]);
    expect((await system.channelctl('token', 'revoke', ...args)).code).toBe(0);
    expect([await status('closed', revoked), await status('closed', other)]).toEqual([401, 307]);
    expect(await status('open', revoked)).toBe(307);
    expect((await system.channelctl('token', 'revocations')).out.trimEnd().split('\n')).toHaveLength(1);
    const selector = args.slice(0, 2);
    expect((await system.channelctl('token', 'revoke', ...selector, '--undo')).code).toBe(0);
    expect(await status('closed', revoked)).toBe(307);
  });

  it('with --key shuts out all tokens of a key, whatever kid they name, and no token of another key', async () => {
    const pem = join(system.directory, 'key.pub');
    await writeFile(pem, key.pem);
    const named = (kid?: string) => token(key, { exp: now + 3_600 }, kid === undefined ? {} : { kid });
    const [kept, ...others] = [named(), named('k1'), named('k2')] as const;
    const bystander = token(otherKey, { exp: now + 3_600 }, { kid: 'k1' });
    expect(await status('closed', kept)).toBe(307);
    const revoked = await system.channelctl('token', 'revoke', '--key', pem, '--until', '1d');
    expect(revoked).toMatchObject({ code: 0, out: expect.stringContaining(`kid ${keyThumbprint(key.publicKey)} `) });
    for (const each of [kept, ...others]) expect(await status('closed', each)).toBe(401);
    expect(await status('closed', bystander)).toBe(307);
    expect((await system.channelctl('token', 'revoke', '--key', pem, '--undo')).code).toBe(0);
    expect(await status('closed', kept)).toBe(307);
  });

  it('writes an object that the doctor knows and that no reader is served', async () => {
    await system.channelctl('token', 'revoke', '--kid', 'old', '--until', '1d');
    expect((await system.channelctl('doctor', 'bucket')).out).not.toContain('revoked.json');
    for (const path of ['/permanent/revoked.json', '/channel/revoked.json', '/channel/revoked.tar.xz'])
      expect([path, (await system.ask(path, { headers: { authorization: basic(tokenOf({})) } })).status]).toEqual([
        path,
        404,
      ]);
    expect((await system.channelctl('token', 'revoke', '--kid', 'old', '--undo')).code).toBe(0);
  });
});

async function tokenFile(text: string): Promise<string> {
  const path = join(system.directory, 'token');
  await writeFile(path, text);
  return path;
}

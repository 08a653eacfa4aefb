import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type { JwtSettings } from '../../../lambda/auth/jwt-settings.ts';
import { keyThumbprint } from '../../../lambda/auth/public-key.ts';
import type { BoundRule } from '../../../lambda/auth/scope.ts';
import type { StoreResponse } from '../../../lib/store/read/request.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { MemoryBucket } from '../../support/memory-bucket.ts';
import { channelMaxAge, serveRig } from '../../support/serve-rig.ts';
import { newKey, type TestKey, testKey, token } from '../../support/tokens.ts';

const issuer = 'https://token.actions.githubusercontent.com';
const jwksUri = `${issuer}/.well-known/jwks`;
const first = newKey('RS256');
const second = newKey('ES256');
const file = newKey('EdDSA');
const start = new FakeClock().now() / 1_000;

const rules: BoundRule[] = [
  { claims: { repository_owner_id: '123', ref: 'refs/heads/main' }, channels: ['a'] },
  { claims: { repository_id: [7, 8], ref: { glob: 'refs/tags/v*' } }, channels: ['b-*'] },
  { claims: { repository_owner_id: '123', environment: 'release' }, channels: ['b-1'] },
];

const jwkOf = (key: TestKey, kid: string, more: object = {}): object => ({
  ...key.publicKey.export({ format: 'jwk' }),
  kid,
  use: 'sig',
  ...more,
});

interface Issuer {
  keys: object[];
  /** What it answers instead of its key set. */
  instead: Partial<StoreResponse> | undefined;
  readonly asked: string[];
}

function rig(more: Partial<JwtSettings> = {}, discovered = false) {
  const bucket = new MemoryBucket();
  bucket.putJson('channels.json', { channels: ['a', 'b-1', 'c', 'open'], public: ['open'] });
  for (const name of ['a', 'b-1', 'c', 'open']) bucket.putJson(`${name}.json`, { latest: `${name}-1` });
  const github: Issuer = { keys: [jwkOf(first, 'one')], instead: undefined, asked: [] };
  const deadlines: number[] = [];
  const source = { issuer, audience: ['nix'], rules, ...(discovered ? {} : { jwksUri }) };
  const made = serveRig({
    bucket,
    jwt: { issuer: source, leewaySeconds: 30, ...more },
    request: async ({ url, timeoutMs }) => {
      github.asked.push(url);
      deadlines.push(timeoutMs);
      if (github.instead !== undefined && github.instead.status === undefined) throw new Error('ECONNREFUSED');
      const body = url.endsWith('openid-configuration') ? { issuer, jwks_uri: jwksUri } : { keys: github.keys };
      return { status: 200, headers: {}, body: JSON.stringify(body), ...github.instead };
    },
  });
  const ask = async (channel: string, text: string): Promise<number> =>
    (await made.get(`/channel/${channel}.tar.xz`, { authorization: `Bearer ${text}` })).status;
  return { ...made, github, deadlines, ask };
}

const good = { iss: issuer, aud: 'nix', exp: start + 3_600, repository_owner_id: '123', ref: 'refs/heads/main' };
const signed = (claims: object = {}, key = first, kid = 'one'): string => token(key, { ...good, ...claims }, { kid });

describe('a token of an issuer', () => {
  it.each<[string, object, number, number]>([
    ['gives what the rule of its claims gives', {}, 307, 404],
    ['gives nothing by another owner', { repository_owner_id: '124' }, 404, 404],
    ['gives nothing by another ref', { ref: 'refs/heads/main2' }, 404, 404],
    ['gives nothing where a bound claim is missing', { ref: undefined }, 404, 404],
    ['gives nothing by a claim of its own', { ref: 'x', channels: ['*'] }, 404, 404],
    ['takes a number for the text of an id', { repository_owner_id: 123 }, 307, 404],
    ['matches one of several values and a glob', { repository_id: '8', ref: 'refs/tags/v1' }, 404, 307],
    ['joins what several rules give', { environment: 'release' }, 307, 307],
    ['takes a claim that is a list for each of its values', { repository_owner_id: ['9', '123'] }, 307, 404],
    ['is not taken in by lists of lists', { repository_owner_id: [['123']] }, 404, 404],
    ['is not taken in by objects', { repository_owner_id: { glob: '*' } }, 404, 404],
    ['is refused with another audience', { aud: 'sts.amazonaws.com' }, 401, 401],
    ['is refused without audience', { aud: undefined }, 401, 401],
    ['is taken with several audiences', { aud: ['x', 'nix'] }, 307, 404],
    ['is refused with another issuer', { iss: 'https://evil.example' }, 401, 401],
    ['is refused with a longer issuer', { iss: `${issuer}/` }, 401, 401],
    ['is refused without issuer', { iss: undefined }, 401, 401],
    ['is refused without expiry', { exp: undefined }, 401, 401],
  ])('gives the channels of the rules that it fits: %s', async (_, claims, a, b) => {
    const { ask } = rig();
    expect([await ask('a', signed(claims)), await ask('b-1', signed(claims))]).toEqual([a, b]);
  });

  it('says so when it is for another audience, and only when its signature is good', async () => {
    const { get } = rig();
    const body = async (text: string): Promise<string> =>
      (await get('/channel/a.tar.xz', { authorization: `Bearer ${text}` })).body;
    expect(await body(signed({ aud: 'x' }))).toMatch(/another audience/);
    expect(await body(token(second, { ...good, aud: 'x' }, { kid: 'one' }))).toMatch(/not signed/);
  });

  it('needs the name of its key', async () => {
    const { ask } = rig();
    expect(await ask('a', token(first, good))).toBe(401);
  });

  it('is not accepted with a key from a file, and a token of such a key not with the issuer’s keys', async () => {
    const { ask } = rig({ keys: { pems: [file.pem], defaultScope: 'all' } });
    expect(await ask('a', token(file, good, { kid: 'one' }))).toBe(401);
    expect(await ask('c', token(file, { exp: good.exp }))).toBe(307);
    expect(await ask('c', token(first, { exp: good.exp }, { kid: 'one' }))).toBe(401);
    expect(await ask('c', signed())).toBe(404);
  });
});

describe('the issuer’s keys', () => {
  it('are fetched once within their maximum age, by way of the discovery document where no URL is set', async () => {
    const { ask, github, clock } = rig({}, true);
    for (let times = 0; times < 3; times += 1) expect(await ask('a', signed())).toBe(307);
    expect(github.asked).toEqual([`${issuer}/.well-known/openid-configuration`, jwksUri]);
    clock.advance(600_000);
    expect(await ask('a', signed())).toBe(307);
    expect(github.asked).toHaveLength(4);
  });

  it('are fetched again when a key is unknown, but at most once a minute', async () => {
    const { ask, github, clock } = rig();
    expect(await ask('a', signed())).toBe(307);
    github.keys = [jwkOf(first, 'one'), jwkOf(second, 'two')];
    const turned = signed({}, second, 'two');
    expect(await ask('a', turned)).toBe(401);
    clock.advance(60_000);
    expect(await ask('a', turned)).toBe(307);
    for (let times = 0; times < 20; times += 1) expect(await ask('a', signed({}, first, `made-up-${times}`))).toBe(401);
    expect(github.asked).toHaveLength(2);
  });

  it('are not accepted any more once they were withdrawn, not even for tokens that were verified before', async () => {
    const { ask, github, clock } = rig();
    expect(await ask('a', signed())).toBe(307);
    github.keys = [jwkOf(second, 'two')];
    clock.advance(600_000);
    expect(await ask('a', signed())).toBe(401);
  });

  it.each<[string, Partial<StoreResponse>]>([
    ['is away', {}],
    ['answers 500', { status: 500 }],
    ['answers something else', { status: 200, body: '<html>' }],
    ['answers a redirect', { status: 302, headers: { location: 'https://evil.example' } }],
    ['has no keys', { status: 200, body: '{"keys": []}' }],
    ['has a set that is none', { status: 200, body: '{"keys": {}}' }],
    [
      'sends too much',
      { status: 200, body: JSON.stringify({ keys: [jwkOf(first, 'one')], pad: 'é'.repeat(131_072) }) },
    ],
  ])(
    'that were good are used for five minutes past their age when the issuer %s, then it is 503',
    async (_, instead) => {
      const { ask, get, github, clock } = rig();
      expect(await ask('a', signed())).toBe(307);
      github.instead = instead;
      clock.advance(899_999);
      expect(await ask('a', signed())).toBe(307);
      clock.advance(1);
      expect(await ask('a', signed())).toBe(503);
      expect(await ask('open', signed())).toBe(307);
      expect((await get('/channel/a.tar.xz')).status).toBe(401);
      github.instead = undefined;
      clock.advance(1_000);
      expect(await ask('a', signed())).toBe(307);
    },
  );

  it('are fetched at most once a second while the issuer is unavailable, for all callers together', async () => {
    const { ask, github, clock } = rig();
    github.instead = {};
    for (let times = 0; times < 20; times += 1)
      expect(await ask('a', signed({}, second, `made-up-${times}`))).toBe(503);
    expect(github.asked).toHaveLength(1);
    clock.advance(1_000);
    expect(await ask('a', signed())).toBe(503);
    expect(github.asked).toHaveLength(2);
  });

  it('are not asked for by a token that says it is signed in a way which no key here is for', async () => {
    const { ask, github } = rig();
    expect(await ask('a', token(first, good, { kid: 'one', alg: 'HS256' }))).toBe(401);
    expect(github.asked).toEqual([]);
  });

  it('stay as fresh as they were when a look for one more fails, and nothing is called stale', async () => {
    const { ask, github, clock, requests } = rig();
    expect(await ask('a', signed())).toBe(307);
    clock.advance(60_000);
    github.instead = {};
    expect(await ask('a', signed({}, second, 'two'))).toBe(401);
    for (let seconds = 0; seconds < 59; seconds += 1) {
      clock.advance(1_000);
      expect(await ask('a', signed())).toBe(307);
    }
    expect(github.asked).toHaveLength(2);
    expect(requests.filter(({ StaleAnswers }) => StaleAnswers !== undefined)).toEqual([]);
  });

  it('are waited for no longer than three seconds', async () => {
    const { ask, deadlines } = rig();
    await ask('a', signed());
    expect(deadlines).toEqual([3_000]);
  });

  it('make the answer 503 while they were never loaded, and a start does not fail without them', async () => {
    const { ask, serve, github, lines } = rig();
    github.instead = {};
    await serve.warm();
    expect(lines.map(({ message }) => message)).toContain('not warmed');
    expect(await ask('a', signed())).toBe(503);
    expect(await ask('open', signed())).toBe(307);
  });

  it.each([
    ["the issuer's name", 'one'],
    ['its thumbprint', keyThumbprint(first.publicKey)],
  ])('that are denied by %s let nobody in, and the others do', async (_, kid) => {
    const { ask, github, bucket, clock } = rig();
    github.keys = [jwkOf(first, 'one'), jwkOf(second, 'two')];
    expect([await ask('a', signed()), await ask('a', signed({}, second, 'two'))]).toEqual([307, 307]);
    bucket.putJson('revoked.json', { revoked: [{ kid, until: start + 3_600 }] });
    clock.advance(channelMaxAge);
    expect([await ask('a', signed()), await ask('a', signed({}, second, 'two'))]).toEqual([401, 307]);
  });

  const weak = testKey('RS256', generateKeyPairSync('rsa', { modulusLength: 1_024 }));
  const cubic = testKey('RS256', generateKeyPairSync('rsa', { modulusLength: 2_048, publicExponent: 3 }));
  it.each<[string, object, TestKey]>([
    ['too weak', jwkOf(weak, 'odd'), weak],
    ['of a small exponent', jwkOf(cubic, 'odd'), cubic],
    ['for encryption', jwkOf(second, 'odd', { use: 'enc' }), second],
    ['for encryption by their operations', jwkOf(second, 'odd', { key_ops: ['encrypt'] }), second],
    ['for another algorithm', jwkOf(second, 'odd', { alg: 'ES384' }), second],
    ['without a name', { ...jwkOf(second, 'odd'), kid: undefined }, second],
    ['broken', { ...jwkOf(second, 'odd'), x: 'A' }, second],
    ['symmetric', { kty: 'oct', k: 'AAAA', kid: 'odd', alg: 'HS256' }, second],
  ])('that are %s are not taken, and the others are', async (_, odd, key) => {
    const { ask, github } = rig();
    github.keys = [odd, null as never, 7 as never, jwkOf(first, 'one', { alg: 'RS256', key_ops: ['verify'] })];
    expect(await ask('a', signed({}, key, 'odd'))).toBe(401);
    expect(await ask('a', signed())).toBe(307);
  });

  it('are at most 100', async () => {
    const { ask, github } = rig();
    github.keys = [...Array.from({ length: 100 }, () => jwkOf(second, 'two')), jwkOf(first, 'one')];
    expect(await ask('a', signed())).toBe(401);
    expect(await ask('a', signed({}, second, 'two'))).toBe(307);
  });

  it.each([jwksUri.replace('https', 'http'), 'file:///etc/passwd', 'jwks', 7, undefined])(
    'are not asked for at %s, should the discovery document name that',
    async (uri) => {
      const { ask, github } = rig({}, true);
      github.instead = { status: 200, body: JSON.stringify({ issuer, jwks_uri: uri }) };
      expect(await ask('a', signed())).toBe(503);
      expect(github.asked).toEqual([`${issuer}/.well-known/openid-configuration`]);
    },
  );

  it('of a discovery document that is of another issuer are not asked for', async () => {
    const { ask, github } = rig({}, true);
    github.instead = { status: 200, body: JSON.stringify({ issuer: 'https://evil.example', jwks_uri: jwksUri }) };
    expect(await ask('a', signed())).toBe(503);
    expect(github.asked).toEqual([`${issuer}/.well-known/openid-configuration`]);
  });
});

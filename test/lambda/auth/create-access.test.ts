import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { createAccess } from '../../../lambda/auth/create-access.ts';
import type { JwtSettings } from '../../../lambda/auth/jwt-settings.ts';
import { keyThumbprint } from '../../../lambda/auth/public-key.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { logLines } from '../../support/log-lines.ts';
import { away, MemoryBucket } from '../../support/memory-bucket.ts';
import { newKey, token } from '../../support/tokens.ts';

const key = newKey('EdDSA');
const maxAge = 60_000;
const start = new FakeClock().now() / 1_000;
const hour = 3_600;
const day = 86_400;

function rig(keys: Partial<JwtSettings['keys']> = {}, more: Partial<JwtSettings> = {}) {
  const bucket = new MemoryBucket();
  const clock = new FakeClock();
  const { log } = logLines();
  const access = createAccess({
    settings: { keys: { pems: [key.pem], defaultScope: 'all', ...keys }, leewaySeconds: 0, ...more },
    reader: bucket.reader,
    request: async () => {
      throw new Error('no issuer here');
    },
    maxAgeMs: maxAge,
    now: clock.now,
    log,
    onStale: () => {},
  });
  const bearer = async (text: string): Promise<unknown> => {
    const caller = await access.authenticate(`Bearer ${text}`);
    return 'scope' in caller ? caller.scope : caller.refusal.code;
  };
  const ask = (claims: object = {}, header = {}): Promise<unknown> =>
    bearer(token(key, { exp: start + hour, ...claims }, header));
  return { bucket, clock, ask, bearer };
}

describe('tokens of keys from files', () => {
  it.each<[string, object, unknown]>([
    ['the issuer that is set', { iss: 'ours' }, 'all'],
    ['another issuer', { iss: 'theirs' }, 'signature'],
    ['several issuers', { iss: ['ours'] }, 'claim-type'],
    ['no issuer', {}, 'signature'],
  ])('from %s are answered as the setting of the issuer says', async (_, claims, answer) => {
    expect(await rig({ issuer: 'ours' }).ask(claims)).toEqual(answer);
  });

  it.each<[string, object, unknown]>([
    ['the audience that is set', { aud: 'nix' }, 'all'],
    ['it among others', { aud: ['web', 'nix'] }, 'all'],
    ['another audience', { aud: 'web' }, 'audience'],
    ['none', {}, 'audience'],
    ['an empty list', { aud: [] }, 'audience'],
    ['something else', { aud: { nix: true } }, 'claim-type'],
  ])('for %s are answered as the setting of the audience says', async (_, claims, answer) => {
    expect(await rig({ audience: ['nix', 'cache'] }).ask(claims)).toEqual(answer);
  });

  it.each<[string, object, unknown]>([
    ['as long as they may', { exp: start + 90 * day, iat: start }, 'all'],
    ['longer', { exp: start + 90 * day + 1, iat: start }, 'lifetime'],
    ['longer, of which much is over', { exp: start + day, iat: start - 90 * day }, 'lifetime'],
    ['longer, and say that they are issued tomorrow', { exp: start + 91 * day, iat: start + 2 * day }, 'lifetime'],
    ['longer from now, without saying when they were issued', { exp: start + 91 * day }, 'lifetime'],
    ['without end', {}, 'no-expiry'],
  ])('that are valid %s are answered as the maximum lifetime says', async (_, claims, answer) => {
    expect(await rig({}, { maxLifetimeDays: 90 }).bearer(token(key, claims))).toEqual(answer);
  });

  it.each<[object, object]>([
    [{ iat: '1' }, {}],
    [{ nbf: null }, {}],
    [{ exp: 'never' }, {}],
    [{ sub: 7 }, {}],
    [{ jti: ['one'] }, {}],
    [{ iss: {} }, {}],
    [{ scope: ['read'] }, {}],
    [{ aud: 7 }, {}],
    [{}, { kid: 7 }],
  ])('are refused for the type of a claim where the signature is good: %j, header %j', async (claims, header) => {
    const { ask, bearer } = rig();
    expect(await ask(claims, header)).toBe('claim-type');
    expect(await bearer(token(newKey('EdDSA'), { exp: start + hour, ...claims }, { ...header }))).toBe('signature');
  });

  it.each([[[]], [['a', 'b-*']], [['*']]])('give the channels that they name: %j', async (channels) => {
    expect(await rig().ask({ channels })).toEqual(channels);
    expect(await rig({ defaultScope: 'none' }).ask({ channels })).toEqual(channels);
  });

  it.each(['__proto__', 'constructor', 'toString'])('give nothing by claims that objects inherit: %s', async (name) => {
    const text = JSON.stringify({ exp: start + hour }).replace('}', `,${JSON.stringify(name)}:{"channels":["*"]}}`);
    expect(await rig({ defaultScope: 'none' }).bearer(token(key, text))).toEqual([]);
  });
});

describe('the deny list', () => {
  const text = token(key, { exp: start + hour }, { kid: 'old' });
  const hash = createHash('sha256')
    .update(text.slice(0, text.lastIndexOf('.')))
    .digest('hex');

  it.each([
    ['the name of the key', { kid: 'old' }],
    ['the hash of header and payload', { sha256: hash }],
  ])('denies by %s', async (_, denial) => {
    const { bearer, bucket } = rig();
    bucket.putJson('revoked.json', { revoked: [{ ...denial, until: start + 60 }] });
    expect(await bearer(text)).toBe('revoked');
    expect(await bearer(token(key, { exp: start + hour }))).toBe('all');
  });

  it.each([
    ['thumbprint', keyThumbprint(key.publicKey)],
    ['id that earlier versions wrote into its tokens', keyThumbprint(key.publicKey).slice(0, 16)],
  ])('denies all tokens of a key by its %s, whatever their header says, and none of another', async (_, kid) => {
    const other = newKey('EdDSA');
    const { ask, bearer, bucket, clock } = rig({ pems: [other.pem, key.pem] });
    const headers = [{}, { kid: 'another' }, { kid: keyThumbprint(other.publicKey) }, { kid }];
    for (const header of headers) expect(await ask({}, header)).toBe('all');
    bucket.putJson('revoked.json', { revoked: [{ kid, until: start + hour }] });
    clock.advance(maxAge);
    // The first ones are kept as verified, the later ones are verified now.
    for (const header of headers) expect(await ask({}, header)).toBe('revoked');
    for (const header of headers) expect(await ask({ jti: 'new' }, header)).toBe('revoked');
    expect(await bearer(token(other, { exp: start + hour }, { kid: 'another' }))).toBe('all');
  });

  it('denies until the latest end where it names a token several times', async () => {
    const { ask, bucket, clock } = rig();
    const revoked = [60, 180, 90].map((seconds) => ({ jti: 'one', until: start + seconds }));
    bucket.putJson('revoked.json', { revoked });
    for (const answer of ['revoked', 'revoked', 'revoked', 'all']) {
      expect(await ask({ jti: 'one' })).toBe(answer);
      clock.advance(60_000);
    }
  });

  it('does not take one kind of name for another', async () => {
    const { ask, bucket } = rig();
    bucket.putJson('revoked.json', { revoked: [{ jti: 'one', until: start + hour }] });
    expect(await ask({ sub: 'one' }, { kid: 'one' })).toBe('all');
  });

  it('is used for only five minutes past its maximum age, even if the channels can be read', async () => {
    const { ask, bucket, clock } = rig();
    expect(await ask()).toBe('all');
    bucket.fault = () => {
      throw away();
    };
    clock.advance(maxAge + 299_999);
    expect(await ask()).toBe('all');
    clock.advance(1);
    expect(await ask()).toBe('unavailable');
  });

  it('is read once within its maximum age, for all callers together', async () => {
    const { ask, bucket } = rig();
    for (const jti of ['a', 'b', 'c']) await ask({ jti });
    expect(bucket.calls).toEqual(['get revoked.json']);
  });
});

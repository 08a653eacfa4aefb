import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { loadAccess } from '../../../lambda/auth/create-access.ts';
import type { JwtSettings } from '../../../lambda/auth/jwt-settings.ts';
import { type JwtSettingName, parseJwtSettings } from '../../../lambda/auth/parse-jwt-settings.ts';
import { logLines } from '../../support/log-lines.ts';
import { MemoryBucket } from '../../support/memory-bucket.ts';
import { basic, newKey, testKey, token } from '../../support/tokens.ts';

const eddsa = newKey('EdDSA');
const rules = [{ claims: { repository_owner_id: '1' }, channels: ['a'] }];
const pem = (pair: {
  publicKey: import('node:crypto').KeyObject;
  privateKey: import('node:crypto').KeyObject;
}): string => testKey('RS256', pair).pem;

const files: Readonly<Record<string, string>> = {
  'good.pem': eddsa.pem,
  'two.pem': `# keys\n${newKey('RS256').pem}\n${newKey('ES256').pem}`,
  'pkcs1.pem': newKey('RS256').publicKey.export({ type: 'pkcs1', format: 'pem' }) as string,
  'weak.pem': pem(generateKeyPairSync('rsa', { modulusLength: 1_024 })),
  'curve.pem': pem(generateKeyPairSync('ec', { namedCurve: 'secp256k1' })),
  'pss.pem': pem(generateKeyPairSync('rsa-pss', { modulusLength: 2_048 })),
  'cubic.pem': pem(generateKeyPairSync('rsa', { modulusLength: 2_048, publicExponent: 3 })),
  'cut.pem': `${eddsa.pem}${newKey('ES256').pem.replace('-----END', '--END')}`,
  'certificate.pem': `${eddsa.pem}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`,
  'private.pem': eddsa.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  'broken.pem': '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n',
  'empty.pem': '',
  'rules.json': JSON.stringify(rules),
  'broken.json': '[{',
};

const parse = (values: Partial<Record<JwtSettingName, unknown>>): JwtSettings | undefined =>
  parseJwtSettings({
    value: (name) => values[name],
    nameOf: (name) => `<${name}>`,
    readFile: (path) => {
      const text = files[path];
      if (text === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
      return text;
    },
  });

const issuer = { issuer: 'https://token.actions.githubusercontent.com', audience: 'nix', boundClaims: 'rules.json' };

describe('the settings of private channels', () => {
  it('are none when none is set', () => {
    expect(parse({})).toBeUndefined();
  });

  it('take keys from files, as many as there are', () => {
    expect(parse({ publicKeyFiles: 'good.pem, two.pem,pkcs1.pem' })).toEqual({
      keys: { pems: [files['good.pem'], files['two.pem'], files['pkcs1.pem']], defaultScope: 'all' },
      leewaySeconds: 30,
    });
  });

  it('take an issuer with its rules', () => {
    const wanted = { issuer: issuer.issuer, audience: ['nix'], rules };
    expect(parse(issuer)).toEqual({ issuer: wanted, leewaySeconds: 30 });
    expect(parse({ ...issuer, boundClaims: JSON.stringify(rules) })?.issuer).toEqual(wanted);
    expect(parse({ ...issuer, boundClaims: rules })?.issuer).toEqual(wanted);
  });

  it('demand one audience of all tokens unless the keys have their own', () => {
    const both = { ...issuer, publicKeyFiles: 'good.pem' };
    expect(parse(both)?.keys?.audience).toEqual(['nix']);
    expect(parse({ ...both, keysAudience: 'other' })?.keys?.audience).toEqual(['other']);
    expect(parse({ ...both, keysAudience: 'any' })?.keys?.audience).toBeUndefined();
    expect(parse({ publicKeyFiles: 'good.pem', audience: 'nix' })?.keys?.audience).toEqual(['nix']);
    expect(parse({ publicKeyFiles: 'good.pem', audience: 'any' })?.keys?.audience).toEqual(['any']);
  });

  const withRule = (rule: unknown): object => ({ ...issuer, boundClaims: [rule] });
  it.each<[object, RegExp]>([
    [{ publicKeyFiles: 'missing.pem' }, /^<publicKeyFiles> names "missing.pem", which cannot be read \(ENOENT\)\.$/],
    [{ publicKeyFiles: 'empty.pem' }, /^<publicKeyFiles> .* holds no public key or certificate in PEM form/],
    [{ publicKeyFiles: 'weak.pem' }, /is an RSA key of 1024 bits: 2048 are the least/],
    [{ publicKeyFiles: 'curve.pem' }, /is not an RSA, P-256 or Ed25519 key/],
    [{ publicKeyFiles: 'pss.pem' }, /is not an RSA, P-256 or Ed25519 key/],
    [{ publicKeyFiles: 'private.pem' }, /holds a private key/],
    [{ publicKeyFiles: 'broken.pem' }, /cannot be read/],
    [{ publicKeyFiles: 'good.pem,' }, /^<publicKeyFiles> must be a list/],
    [{ publicKeyFiles: '' }, /^<publicKeyFiles> is empty: give it a value, or leave it out\.$/],
    [{ publicKeyFiles: 'good.pem', audience: '' }, /^<audience> is empty/],
    [{ publicKeyFiles: 'cubic.pem' }, /is an RSA key with the exponent 3: 65537 is the least/],
    [{ publicKeyFiles: 'cut.pem' }, /^<publicKeyFiles> .* or a block that is cut off/],
    [{ publicKeyFiles: 'certificate.pem' }, /^<publicKeyFiles> .* certificate that cannot be read/],
    [{ publicKeyFiles: 7 }, /^<publicKeyFiles> must be a list/],
    [{ audience: 'nix' }, /^<audience> is set, but neither <publicKeyFiles> nor <issuer>/],
    [{ leewaySeconds: '5' }, /^<leewaySeconds> is set, but neither/],
    [
      { publicKeyFiles: 'good.pem', leewaySeconds: '301' },
      /^<leewaySeconds> must be a whole number of seconds from 0 to 300/,
    ],
    [
      { publicKeyFiles: 'good.pem', maxLifetimeDays: '0' },
      /^<maxLifetimeDays> must be a whole number of days from 1 to 36500/,
    ],
    [{ publicKeyFiles: 'good.pem', maxLifetimeDays: '1.5' }, /^<maxLifetimeDays> must be a whole number/],
    [{ publicKeyFiles: 'good.pem', defaultScope: 'some' }, /^<defaultScope> must be all or none\. It is "some"\.$/],
    [{ publicKeyFiles: 'good.pem', jwksUri: 'https://x.example' }, /^<jwksUri> is set without <issuer>/],
    [{ publicKeyFiles: 'good.pem', boundClaims: rules }, /^<boundClaims> is set without <issuer>/],
    [{ ...issuer, defaultScope: 'all' }, /^<defaultScope> is set without <publicKeyFiles>/],
    [{ ...issuer, audience: undefined }, /^<audience> must be set where <issuer> is: anybody/],
    [{ ...issuer, boundClaims: undefined }, /^<boundClaims> must be set where <issuer> is: anybody/],
    [{ ...issuer, issuer: 'http://issuer.example' }, /^<issuer> must be an https/],
    [{ ...issuer, issuer: 'token.example' }, /^<issuer> must be an https/],
    [{ ...issuer, jwksUri: 'https://a:b@x.example/' }, /^<jwksUri> must be an https/],
    [{ ...issuer, publicKeyFiles: 'good.pem', keysIssuer: issuer.issuer }, /^<keysIssuer> must not be <issuer>/],
    [{ ...issuer, boundClaims: 'missing.json' }, /^<boundClaims> names "missing.json", which cannot be read/],
    [{ ...issuer, boundClaims: 'broken.json' }, /^<boundClaims> is not JSON\.$/],
    [{ ...issuer, boundClaims: [] }, /^<boundClaims> must be a list of at least one rule/],
    [withRule(7), /rule 1 is not an object/],
    [withRule({ claims: {}, channels: ['a'] }), /rule 1 needs "claims"/],
    [withRule({ claims: { repository_id: {} }, channels: ['a'] }), /has a bound for "repository_id"/],
    [withRule({ claims: { repository_id: { glob: '*' } }, channels: ['a'] }), /has a bound for "repository_id"/],
    [withRule({ claims: { repository_id: [] }, channels: ['a'] }), /has a bound for "repository_id"/],
    [withRule({ claims: { repository_id: 2 ** 53 }, channels: ['a'] }), /has a bound for "repository_id"/],
    [withRule({ claims: { repository: 'org/x' }, channels: ['a'] }), /binds names alone.*repository_id/],
    [withRule({ claims: { repository_id: { glob: '1*' } }, channels: ['a'] }), /binds names alone/],
    [withRule({ claims: { repository_id: '1' } }), /needs "channels"/],
    [withRule({ claims: { repository_id: '1' }, channels: [] }), /needs "channels"/],
    [withRule({ claims: { repository_id: '1' }, channels: ['a/b'] }), /has the channel "a\/b"/],
    [withRule({ claims: { repository_id: '1' }, channels: ['a'], chanels: 1 }), /has "chanels"/],
  ])('are refused by name: %j', (values, message) => {
    expect(() => parse(values)).toThrow(message);
  });
});

describe('a function', () => {
  const load = async (text: string | undefined, authorization?: string) => {
    const { lines, log } = logLines();
    const request = async (): Promise<never> => {
      throw new Error('no issuer here');
    };
    const { reader } = new MemoryBucket();
    const onStale = (): void => {};
    const access = loadAccess(text, { reader, request, maxAgeMs: 0, now: Date.now, log, onStale });
    return { caller: await access.authenticate(authorization), lines };
  };
  const settings = JSON.stringify({ keys: { pems: [eddsa.pem], defaultScope: 'all' }, leewaySeconds: 0 });

  const anyRule = { claims: { id: 1 }, channels: ['a'] };
  const stored = (keys: object, more: object = {}): string =>
    JSON.stringify({ keys: { pems: [eddsa.pem], defaultScope: 'all', ...keys }, leewaySeconds: 30, ...more });

  it('lets in by the keys that the stack gave it', async () => {
    const { caller } = await load(settings, basic(token(eddsa, { exp: 4_000_000_000 })));
    expect(caller).toEqual({ scope: 'all' });
  });

  const unusable = [
    undefined,
    '',
    'Open',
    '{}',
    '[]',
    'null',
    JSON.stringify({ keys: { pems: [files['weak.pem']] } }),
    JSON.stringify({ keys: { pems: ['x'] } }),
    JSON.stringify({ keys: {} }),
    '{"leewaySeconds":0}',
    '{"keys":null,"leewaySeconds":0}',
    stored({}, { leewaySeconds: undefined }),
    stored({}, { leewaySeconds: null }),
    stored({}, { leewaySeconds: '30' }),
    stored({}, { leewaySeconds: 301 }),
    stored({}, { leewaySeconds: -1 }),
    stored({}, { maxLifetimeDays: '90' }),
    stored({}, { maxLifetimedays: 90 }),
    stored({ pems: [] }),
    stored({ pems: eddsa.pem }),
    stored({ audience: 'nix' }),
    stored({ audience: [] }),
    stored({ aud: ['nix'] }),
    stored({ issuer: ['nix'] }),
    stored({ defaultScope: undefined }),
    stored({}, { issuer: { issuer: 'https://ci.test', rules: [anyRule] } }),
    stored({}, { issuer: { issuer: 'https://ci.test', audience: 'nix', rules: [anyRule] } }),
    stored({}, { issuer: { issuer: 'https://ci.test', audience: ['nix'] } }),
    stored({}, { issuer: { issuer: 'https://ci.test', audience: ['nix'], rules: [] } }),
    stored({}, { issuer: { issuer: 'https://ci.test', audience: ['nix'], rules: [{ claims: {}, channels: 'all' }] } }),
    stored({}, { issuer: { audience: ['nix'], rules: [anyRule] } }),
    ...[null, {}, { glob: '*' }, []].map((bound) =>
      stored(
        {},
        {
          issuer: { issuer: 'https://ci.test', audience: ['nix'], rules: [{ claims: { id: bound }, channels: 'all' }] },
        },
      ),
    ),
  ].map((text) => [text?.replaceAll(JSON.stringify(eddsa.pem), 'PEM') ?? 'nothing', text] as const);

  it.each(unusable)(
    'with settings that cannot be used is closed, not open, and the log says why: %s',
    async (_, text) => {
      const { caller, lines } = await load(text, basic(token(eddsa, { exp: 4_000_000_000 })));
      expect(caller).toMatchObject({ refusal: { status: 503 } });
      expect(lines).toMatchObject([{ level: 'error', message: 'no keys', error: expect.any(String) }]);
    },
  );
});

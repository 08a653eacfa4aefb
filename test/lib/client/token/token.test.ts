import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { keyThumbprint } from '../../../../lambda/auth/public-key.ts';
import { readToken, signatureState } from '../../../../lib/client/token/inspect.ts';
import {
  newKeyPair,
  readPrivateKey,
  readPublicKey,
  signToken,
  signTokenData,
  tokenAlgorithm,
} from '../../../../lib/client/token/keys.ts';
import { InvalidInput } from '../../../../lib/domain/problem.ts';
import { anyText } from '../../../support/any-text.ts';

const claims = { sub: 'ci', jti: 'id-1', iat: 1_767_225_600, exp: 1_775_001_600, channels: ['nixos-*'] };
const keyAlgorithms = ['es256', 'eddsa', 'rs256'] as const;
const pairs = Object.fromEntries(
  keyAlgorithms.map((name) => {
    const { privatePem, publicPem } = newKeyPair(name);
    return [
      name,
      { privateKey: readPrivateKey(privatePem, 'k'), publicKey: readPublicKey(publicPem, 'k.pub') },
    ] as const;
  }),
) as Record<
  (typeof keyAlgorithms)[number],
  { privateKey: ReturnType<typeof readPrivateKey>; publicKey: ReturnType<typeof readPublicKey> }
>;

describe.each([
  ['es256', 'ES256', 64],
  ['eddsa', 'EdDSA', 64],
  ['rs256', 'RS256', 384],
] as const)('a token signed with %s', (name, alg, length) => {
  const { privateKey, publicKey } = pairs[name];
  const token = signToken(claims, privateKey);

  it('says what was claimed, by which key and how', () => {
    const { header, payload, signature, sha256 } = readToken(`  ${token}\n`);
    expect(header).toEqual({ alg, typ: 'JWT', kid: keyThumbprint(publicKey) });
    expect(payload).toEqual(claims);
    expect(signature).toHaveLength(length);
    expect(sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  it('is known by its own key alone, whole', () => {
    expect(signatureState(readToken(token), publicKey)).toBe('valid');
    expect(signatureState(readToken(token), undefined)).toBe('unverified');
    for (const other of keyAlgorithms) {
      const { publicKey: key } =
        other === name ? { publicKey: readPublicKey(newKeyPair(name).publicPem, 'x') } : pairs[other];
      expect(signatureState(readToken(token), key)).toBe('invalid');
    }
    const [header, , signature] = token.split('.');
    const payload = Buffer.from(JSON.stringify({ ...claims, channels: ['*'] })).toString('base64url');
    expect(signatureState(readToken(`${header}.${payload}.${signature}`), publicKey)).toBe('invalid');
  });
});

it('a token that names another algorithm than its key is for is not valid, though the key signed it', () => {
  const { privateKey, publicKey } = pairs.es256;
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = (alg: string) => {
    const data = `${encode({ alg })}.${encode(claims)}`;
    return readToken(`${data}.${signTokenData(data, 'ES256', privateKey).toString('base64url')}`);
  };
  expect(['ES256', 'RS256', 'none'].map((alg) => signatureState(signed(alg), publicKey))).toEqual([
    'valid',
    'invalid',
    'invalid',
  ]);
});

it('a token is the shortest with ES256 and EdDSA, under 320 characters', () => {
  const [es256 = 0, eddsa = 0, rs256 = 0] = keyAlgorithms.map(
    (name) => signToken(claims, pairs[name].privateKey).length,
  );
  expect([es256, es256 < 320, rs256 > 600]).toEqual([eddsa, true, true]);
});

describe('a token', () => {
  const [header = '', payload = '', signature = ''] = signToken(claims, pairs.es256.privateKey).split('.');
  const encode = (text: string | Buffer) => Buffer.from(text).toString('base64url');

  it.each([
    ['nothing', '', 'The token is empty'],
    ['two parts', `${header}.${payload}`, 'it must have three parts'],
    ['four parts', `${header}.${payload}.${signature}.${signature}`, 'it must have three parts'],
    ['a header with blanks', `${header} .${payload}.${signature}`, 'its header is not unpadded base64url'],
    ['padding', `${header}.${payload}==.${signature}`, 'its payload is not unpadded base64url'],
    ['no signature', `${header}.${payload}.`, 'its signature is not unpadded base64url'],
    ['a list as its payload', `${header}.${encode('[]')}.${signature}`, 'its payload is not a JSON object'],
    ['null as its header', `${encode('null')}.${payload}.${signature}`, 'its header is not a JSON object'],
    ['no JSON', `${header}.${encode('{"a"')}.${signature}`, 'its payload is not JSON'],
    ['no UTF-8', `${header}.${encode(Buffer.from([0x22, 0xff, 0x22]))}.${signature}`, 'its payload is not JSON'],
  ])('is refused with %s, and not quoted', (_, text, rule) => {
    const refuse = () => readToken(text);
    expect(refuse).toThrow(InvalidInput);
    expect(refuse).toThrow(rule);
    expect(refuse).not.toThrow(signature);
  });

  it('is taken apart or refused, whatever it holds', () => {
    const part = fc.oneof(
      anyText(20),
      fc.constantFrom(header, payload, signature),
      anyText(20).map(encode),
      fc.json().map(encode),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 4 }), (parts) => {
        try {
          readToken(parts.join('.'));
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidInput);
        }
      }),
    );
  });
});

describe('a key', () => {
  const pem = { type: 'pkcs8', format: 'pem' } as const;

  it('has the id that RFC 7638 gives it', () => {
    // RFC 7638, section 3.1.
    const jwk = {
      kty: 'RSA',
      n: '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw',
      e: 'AQAB',
      alg: 'RS256',
      kid: '2011-04-29',
    };
    const key = createPublicKey({ key: jwk, format: 'jwk' });
    expect(keyThumbprint(key)).toBe('NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs');
  });

  it.each(keyAlgorithms)('has the same id in both halves: %s', (name) => {
    expect(keyThumbprint(pairs[name].privateKey)).toBe(keyThumbprint(pairs[name].publicKey));
  });

  it.each([
    [
      'RSA of 1024 bits',
      generateKeyPairSync('rsa', { modulusLength: 1024 }),
      'is an RSA key of 1024 bits: 2048 are the least',
    ],
    [
      'EC on another curve',
      generateKeyPairSync('ec', { namedCurve: 'secp384r1' }),
      'is not an RSA, P-256 or Ed25519 key',
    ],
    ['X25519', generateKeyPairSync('x25519'), 'is not an RSA, P-256 or Ed25519 key'],
  ])('is refused: %s', (_, { privateKey }, message) => {
    expect(() => tokenAlgorithm(privateKey)).toThrow(message);
  });

  it.each([
    ['a public key', newKeyPair('es256').publicPem, 'k.pem is a public key'],
    ['text', 'secret words', 'k.pem has no readable private key'],
    ['a broken key', newKeyPair('es256').privatePem.replace(/\n.{10}/, '\nAAAA'), 'k.pem has no readable private key'],
    [
      'an encrypted key',
      generateKeyPairSync('ed25519')
        .privateKey.export({ ...pem, cipher: 'aes-256-cbc', passphrase: 'x' })
        .toString(),
      'k.pem is encrypted',
    ],
  ])('is refused, and not quoted: %s', (_, text, message) => {
    const read = () => readPrivateKey(text, 'k.pem');
    expect(read).toThrow(InvalidInput);
    expect(read).toThrow(message);
    expect(read).not.toThrow(/secret words|MII|MC4/);
  });
});

import { generateKeyPairSync, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { cannedPolicy, createDelivery, parseDeliveryKey } from '../../../../lib/store/read/delivery.ts';
import { anyText } from '../../../support/any-text.ts';
import { deliveryKeyPair } from '../../../support/delivery-key.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

const origin = 'https://d111111abcdef8.cloudfront.net';
const pair = deliveryKeyPair();
const key = parseDeliveryKey(pair.secret('K1'), undefined);
const sdk = JSON.parse(readFileSync(new URL('../../../fixtures/delivery-rsa.json', import.meta.url), 'utf8'));

const deliveryOf = (used = key, clock = new FakeClock()) =>
  createDelivery({ origin, keys: { get: () => used, generation: () => 0 }, now: clock.now });

/** The parameters of a signed URL, without decoding, and what comes before them. */
function parts(url: string) {
  const [resource = '', query = ''] = url.split('?');
  return { resource, fields: Object.fromEntries(query.split('&').map((pair) => pair.split('='))) };
}

/** What CloudFront undoes: its developer guide, "Create a signed URL using a canned policy". */
const bytesOf = (signature: string): Buffer =>
  Buffer.from(signature.replaceAll('-', '+').replaceAll('_', '=').replaceAll('~', '/'), 'base64');

describe('a URL of CloudFront that is signed', () => {
  it('has a canned policy of the URL and its end, the id of the key, and SHA-256', async () => {
    const clock = new FakeClock();
    const url = await deliveryOf(key, clock).presignGet('demo-1.tar.xz', 900);
    const { resource, fields } = parts(url);
    expect(resource).toBe(`${origin}/demo-1.tar.xz`);
    expect(fields).toEqual({
      Expires: String(Math.floor(clock.now() / 1_000) + 900),
      Signature: expect.stringMatching(/^[\w~-]+$/),
      'Key-Pair-Id': 'K1',
      'Hash-Algorithm': 'SHA256',
    });
    const policy = `{"Statement":[{"Resource":"${resource}","Condition":{"DateLessThan":{"AWS:EpochTime":${fields.Expires}}}}]}`;
    expect(verify('sha256', Buffer.from(policy), pair.publicKey, bytesOf(fields.Signature))).toBe(true);
  });

  it('is what the signer of the AWS SDK makes of the same key and time, in any order of the parameters', async () => {
    const rsa = parseDeliveryKey(sdk.privateKey, sdk.keyId);
    const delivery = createDelivery({
      origin,
      keys: { get: () => rsa, generation: () => 0 },
      now: () => (sdk.expires - 900) * 1_000,
    });
    expect(Object.keys(sdk.urls)).not.toHaveLength(0);
    for (const [name, url] of Object.entries<string>(sdk.urls))
      expect(parts(await delivery.presignGet(name, 900))).toEqual(parts(url));
  });

  it('ends before its lifetime does, never after', async () => {
    const clock = new FakeClock();
    clock.advance(999);
    const { fields } = parts(await deliveryOf(key, clock).presignGet('demo-1.tar.xz', 60));
    expect(Number(fields.Expires) * 1_000).toBeLessThanOrEqual(clock.now() + 60_000);
    expect(Number(fields.Expires) * 1_000).toBeGreaterThan(clock.now() + 59_000);
  });

  it.each([
    ['libstdc++.tar.xz', 'libstdc%2B%2B.tar.xz'],
    ['a b.tar.xz', 'a%20b.tar.xz'],
    ["what!'(*)?#&=%.tar.xz", 'what%21%27%28%2A%29%3F%23%26%3D%25.tar.xz'],
    ['größe~.tar.xz', 'gr%C3%B6%C3%9Fe~.tar.xz'],
  ])('writes the release %s as %s, in the address and in what is signed', async (name, encoded) => {
    const { resource, fields } = parts(await deliveryOf().presignGet(name, 900));
    expect(resource).toBe(`${origin}/${encoded}`);
    const policy = Buffer.from(cannedPolicy(`${origin}/${encoded}`, Number(fields.Expires)));
    expect(verify('sha256', policy, pair.publicKey, bytesOf(fields.Signature))).toBe(true);
  });

  it('is of any name a URL without wildcards that leads to that key, and that the public key verifies', async () => {
    const name = anyText().filter((text) => text !== '' && text.isWellFormed());
    const expires = fc.integer({ min: 0, max: 4e9 });
    await fc.assert(
      fc.asyncProperty(name, expires, async (text, seconds) => {
        const delivery = createDelivery({
          origin,
          keys: { get: () => key, generation: () => 0 },
          now: () => seconds * 1e3,
        });
        const { resource, fields } = parts(await delivery.presignGet(text, 900));
        const path = resource.slice(origin.length + 1);
        expect(path).toMatch(/^(?:[\w.~/-]|%[0-9A-F]{2})+$/);
        expect(decodeURIComponent(path)).toBe(text);
        const statement = { Resource: resource, Condition: { DateLessThan: { 'AWS:EpochTime': seconds + 900 } } };
        const policy = Buffer.from(JSON.stringify({ Statement: [statement] }));
        expect(verify('sha256', policy, pair.publicKey, bytesOf(fields.Signature))).toBe(true);
      }),
    );
  });
});

const rsaOf = (modulusLength: number) =>
  generateKeyPairSync('rsa', { modulusLength }).privateKey.export({ type: 'pkcs8', format: 'pem' });
const ed25519 = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' });
const encrypted = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
  type: 'pkcs8',
  format: 'pem',
  cipher: 'aes-256-cbc',
  passphrase: 'hidden',
});

describe('the key that signs', () => {
  it.each([
    ['JSON with its id', pair.secret('K1'), undefined],
    ['JSON, whatever id the service has', pair.secret('K1'), 'K2'],
    ['JSON with more in it', JSON.stringify({ ...JSON.parse(pair.secret('K1')), note: 'of the team' }), undefined],
    ['a PEM alone, with the id that the service has', pair.privateKey, 'K1'],
    ['a PEM with blank lines around it', `\n${pair.privateKey}\n\n`, 'K1'],
  ])('is read from %s', (_, text, keyId) => {
    const { id, privateKey } = parseDeliveryKey(text, keyId);
    expect(id).toBe('K1');
    expect(privateKey.equals(key.privateKey)).toBe(true);
  });

  it('may be RSA with 2048 bits', () => {
    expect(parseDeliveryKey(rsaOf(2_048), 'K1').privateKey.asymmetricKeyType).toBe('rsa');
  });

  it.each([
    ['RSA with 3072 bits', rsaOf(3_072)],
    ['ECDSA P-384', deliveryKeyPair('P-384').privateKey],
    ['Ed25519', ed25519],
  ])('is refused where it is %s, which CloudFront does not verify', (_, pem) => {
    expect(() => parseDeliveryKey(pem, 'K1')).toThrow(
      /^has a key that CloudFront does not accept, only ECDSA P-256 and RSA 2048: create one with: openssl/,
    );
  });

  it.each([
    ['an encrypted key', encrypted],
    ['a public key', pair.publicKey.export({ type: 'spki', format: 'pem' })],
    ['a PEM that is cut', pair.privateKey.slice(0, 80)],
    ['JSON with a key that is none', JSON.stringify({ keyId: 'K1', privateKey: 'hidden' })],
  ])('is refused where it is %s', (_, text) => {
    expect(() => parseDeliveryKey(text, 'K1')).toThrow(/^has a privateKey that is not an unencrypted PEM private key/);
  });

  it.each([
    ['a PEM alone without the id', pair.privateKey],
    ['JSON without the id', JSON.stringify({ privateKey: pair.privateKey })],
    ['JSON with an id that would change the URL', pair.secret('K1&Expires=9')],
    ['JSON with a number', '7'],
    ['null', 'null'],
    ['no JSON', 'hidden'],
    ['nothing', ''],
    ['a binary secret', undefined],
  ])('is refused with the form where the secret is %s', (_, text) => {
    expect(() => parseDeliveryKey(text, undefined)).toThrow(/^must be \{"keyId": "K…", "privateKey":/);
  });

  it('is parsed or refused in a sentence that shows nothing of it, whatever the secret is', () => {
    const text = fc.oneof(
      fc.string(),
      fc.json(),
      fc.record({ keyId: fc.anything(), privateKey: fc.anything() }).map((value) => JSON.stringify(value)),
      fc.tuple(fc.nat(pair.privateKey.length), fc.nat(40)).map(([from, length]) => {
        const cut = pair.privateKey.slice(0, from) + pair.privateKey.slice(from + length);
        return JSON.stringify({ keyId: 'K1', privateKey: cut });
      }),
    );
    fc.assert(
      fc.property(text, (secret) => {
        try {
          expect(parseDeliveryKey(secret, undefined).id).toBe('K1');
        } catch (error) {
          const { name, message } = error as Error;
          expect([name, /^(?:must be|has a) /.test(message), message.length < 200]).toEqual(['Error', true, true]);
          expect(message).not.toMatch(/MIGHAgE|[A-Za-z0-9+/]{40}/);
        }
      }),
    );
  });
});

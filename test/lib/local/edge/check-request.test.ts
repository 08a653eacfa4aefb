import { createPublicKey, type KeyObject, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { checkRequest } from '../../../../lib/local/edge/check-request.ts';
import { cannedPolicy, createDelivery, parseDeliveryKey } from '../../../../lib/store/read/delivery.ts';
import { anyText } from '../../../support/any-text.ts';
import { type DeliveryKeyPair, deliveryKeyPair } from '../../../support/delivery-key.ts';

const origin = 'http://localhost:9080';
const host = 'localhost:9080';
const now = Date.parse('2026-01-01T00:00:00Z');
const [old, current, foreign] = [deliveryKeyPair(), deliveryKeyPair(), deliveryKeyPair()];
const group: Readonly<Record<string, KeyObject>> = { KOLD: old.publicKey, KNEW: current.publicKey };

const signedBy = async (pair: DeliveryKeyPair, id: string, name = 'demo-1.tar.xz') => {
  const key = parseDeliveryKey(pair.secret(id), undefined);
  const delivery = createDelivery({ origin, keys: { get: () => key, generation: () => 0 }, now: () => now });
  return (await delivery.presignGet(name, 900)).slice(origin.length);
};

const check = (target: string, { method = 'GET', at = now, to = host } = {}) =>
  checkRequest({ method, host: to, target }, { origin, publicKey: (id) => group[id], now: at });

const denied = { status: 403, code: 'AccessDenied', message: 'Access denied' };
const target = await signedBy(current, 'KNEW');

describe('the edge', () => {
  it.each(['GET', 'HEAD'])('serves %s of a signed URL, and asks the bucket without the signature', (method) => {
    expect(check(target, { method })).toEqual({ target: '/demo-1.tar.xz' });
  });

  it('serves what the old key signed and what the new one did, while both are in the key group', async () => {
    expect(check(await signedBy(old, 'KOLD'))).toEqual({ target: '/demo-1.tar.xz' });
    expect(check(target)).toEqual({ target: '/demo-1.tar.xz' });
  });

  it('serves until the end of the URL, and not from then on', () => {
    expect(check(target, { at: now + 899_999 })).toEqual({ target: '/demo-1.tar.xz' });
    expect(check(target, { at: now + 900_000 })).toEqual(denied);
  });

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])('refuses %s of a signed URL', (method) => {
    expect(check(target, { method })).toMatchObject({ status: 403, code: 'MethodNotAllowed' });
  });

  it.each([
    ['for another release', target.replace('demo-1', 'demo-2')],
    ['for a record', target.replace('demo-1.tar.xz', 'demo.json')],
    ['written in another way', target.replace('demo-1', 'demo%2D1')],
    ['for a longer time', target.replace(/Expires=\d+/, (text) => `Expires=${Number(text.slice(8)) + 900}`)],
    ['with one parameter more', `${target}&response-content-type=text%2Fhtml`],
    ['with a parameter that signed in S3', `${target}&X-Amz-Algorithm=AWS4-HMAC-SHA256`],
    ['with a second end', target.replace('?', '?Expires=9999999999&')],
    ['of another hash', target.replace('SHA256', 'SHA512')],
    ['without its hash', target.replace('&Hash-Algorithm=SHA256', '')],
    ['without its end', target.replace(/Expires=\d+&/, '')],
    ['without its signature', target.replace(/&Signature=[^&]+/, '')],
    ['with a character that base64 skips', target.replace('&Signature=', '&Signature=!')],
    ['with an empty signature', target.replace(/&Signature=[^&]+/, '&Signature=')],
    ['with the id of the other key', target.replace('KNEW', 'KOLD')],
  ])('refuses a signature that is used %s', (_, changed) => {
    expect(changed).not.toBe(target);
    expect(check(changed)).toEqual(denied);
  });

  it('refuses a signature at another host', () => {
    expect(check(target, { to: '127.0.0.1:9080' })).toEqual(denied);
  });

  it('refuses a key of somebody else under an id of the group', async () => {
    expect(check(await signedBy(foreign, 'KNEW'))).toEqual(denied);
  });

  it('refuses a key that is not, or no longer, in the group', async () => {
    expect(check(await signedBy(foreign, 'KGONE'))).toEqual({
      status: 403,
      code: 'InvalidKey',
      message: 'Unknown Key',
    });
  });

  it.each([
    ['an unsigned URL of a release', '/demo-1.tar.xz'],
    ['an unsigned URL of the catalog', '/channels.json'],
    ['its root', '/'],
    ['a URL without the id of its key', target.replace(/&Key-Pair-Id=\w+/, '')],
    ['a URL with an empty id', target.replace('KNEW', '')],
  ])('refuses %s', (_, unsigned) => {
    expect(check(unsigned)).toEqual({
      status: 403,
      code: 'MissingKey',
      message: 'Missing Key-Pair-Id query parameter or cookie value',
    });
  });

  it('says of a custom policy that it does not implement it', () => {
    expect(check('/demo-1.tar.xz?Policy=e30_&Signature=a&Key-Pair-Id=KNEW')).toMatchObject({ status: 501 });
  });

  it('verifies SHA-1 where no hash is named, as CloudFront does by default', () => {
    const { privateKey } = parseDeliveryKey(current.secret('KNEW'), undefined);
    const expires = now / 1_000 + 60;
    const signature = sign('sha1', Buffer.from(cannedPolicy(`${origin}/demo-1.tar.xz`, expires)), privateKey)
      .toString('base64')
      .replaceAll('+', '-')
      .replaceAll('=', '_')
      .replaceAll('/', '~');
    const old = `/demo-1.tar.xz?Expires=${expires}&Signature=${signature}&Key-Pair-Id=KNEW`;
    expect(check(old)).toEqual({ target: '/demo-1.tar.xz' });
    for (const other of ['SHA256', 'SHA512', 'sha1', ''])
      expect(check(`${old}&Hash-Algorithm=${other}`)).toEqual(denied);
  });

  it("takes what the AWS SDK's own signer makes", () => {
    const { keyId, expires, privateKey, urls } = JSON.parse(
      readFileSync(new URL('../../../fixtures/delivery-rsa.json', import.meta.url), 'utf8'),
    );
    const sdkOrigin = 'https://d111111abcdef8.cloudfront.net';
    for (const url of Object.values<string>(urls)) {
      const sent = { method: 'GET', host: new URL(sdkOrigin).host, target: url.slice(sdkOrigin.length) };
      const rules = { origin: sdkOrigin, publicKey: () => createPublicKey(privateKey), now: (expires - 1) * 1_000 };
      expect(checkRequest(sent, rules)).toEqual({ target: sent.target.split('?')[0] });
      expect(
        checkRequest(sent, { ...rules, publicKey: (id) => (id === keyId ? current.publicKey : undefined) }),
      ).toEqual(denied);
    }
  });

  it('serves of any name exactly what was signed, and nothing that differs in one character', async () => {
    const name = anyText().filter((text) => text !== '' && text.isWellFormed());
    await fc.assert(
      fc.asyncProperty(name, fc.nat(), fc.integer({ min: 0x21, max: 0x7e }), async (text, at, unit) => {
        const signed = await signedBy(current, 'KNEW', text);
        expect(check(signed)).toEqual({ target: signed.split('?')[0] });
        const position = at % signed.length;
        const other = signed.slice(0, position) + String.fromCharCode(unit) + signed.slice(position + 1);
        // The last character of base64 may differ in bits that do not count; such a signature is the same one.
        fc.pre(other !== signed && !/Signature=/.test(signed.slice(Math.max(0, position - 200), position)));
        expect(check(other)).toHaveProperty('code');
      }),
    );
  });

  it('decides on any target, without an exception', () => {
    const part = fc.oneof(anyText(), fc.constantFrom('?', '&', '=', 'Expires', 'Signature=', 'Key-Pair-Id=KNEW', '/'));
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
        expect(check(`/${parts.join('')}`)).toHaveProperty('code');
      }),
    );
  });
});

import { describe, expect, it } from '@jest/globals';
import { openDelivery } from '../../../lambda/http/open-delivery.ts';
import { fixedKeys } from '../../../lib/store/read/presign.ts';
import { deliveryKeyPair } from '../../support/delivery-key.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { logLines } from '../../support/log-lines.ts';

const arn = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:delivery-AbC123';
const environment = { DELIVERY_URL: 'https://d123.cloudfront.net', DELIVERY_SECRET: arn };
const [first, second] = [deliveryKeyPair(), deliveryKeyPair()];

/** @param secret the text of the secret; undefined: it cannot be read */
function rig(secret: string | undefined, more: Readonly<Record<string, string>> = {}) {
  const clock = new FakeClock();
  const { lines, log } = logLines();
  const state = { secret, asked: 0 };
  const delivery = openDelivery(
    { ...environment, ...more },
    {
      own: fixedKeys({ accessKeyId: 'role', secretAccessKey: 'secret of the role' }),
      request: async () => {
        state.asked += 1;
        return state.secret === undefined
          ? { status: 400, headers: {}, body: '{"__type":"AccessDeniedException","Message":"not authorized"}' }
          : { status: 200, headers: {}, body: JSON.stringify({ SecretString: state.secret }) };
      },
      now: clock.now,
      log,
    },
  );
  const keyId = async () => /Key-Pair-Id=(\w+)/.exec(await delivery.presignGet('demo-1.tar.xz', 900))?.[1];
  return { clock, delivery, keyId, lines, state };
}

describe('delivery by CloudFront', () => {
  it('signs with the key of the secret, which is read once', async () => {
    const { delivery, keyId, state } = rig(first.secret('K1'));
    await delivery.warm();
    expect(await delivery.presignGet('demo-1.tar.xz', 900)).toMatch(
      /^https:\/\/d123\.cloudfront\.net\/demo-1\.tar\.xz\?/,
    );
    expect([await keyId(), state.asked]).toEqual(['K1', 1]);
  });

  it('signs with the key of a PEM alone, whose id is a setting', async () => {
    expect(await rig(first.privateKey, { DELIVERY_KEY_ID: 'K7' }).keyId()).toBe('K7');
  });

  it('takes a new key within five minutes, and what the old one signed is not handed out again', async () => {
    const { clock, delivery, keyId, lines, state } = rig(first.secret('K1'));
    expect([await keyId(), delivery.generation()]).toEqual(['K1', 0]);
    state.secret = second.secret('K2');
    clock.advance(299_999);
    expect(await keyId()).toBe('K1');
    clock.advance(1);
    expect([await keyId(), delivery.generation()]).toEqual(['K2', 1]);
    expect(lines).toEqual([{ level: 'info', message: 'keys renewed', key: arn, keyId: 'K2' }]);
  });

  it('takes a new id of the same key', async () => {
    const { clock, delivery, keyId, state } = rig(first.secret('K1'));
    await keyId();
    state.secret = first.secret('K2');
    clock.advance(300_000);
    expect([await keyId(), delivery.generation()]).toEqual(['K2', 1]);
  });

  it('takes another key under the same id', async () => {
    const { clock, delivery, keyId, state } = rig(first.secret('K1'));
    await keyId();
    state.secret = second.secret('K1');
    clock.advance(300_000);
    expect([await keyId(), delivery.generation()]).toEqual(['K1', 1]);
    clock.advance(300_000);
    expect([await keyId(), delivery.generation()]).toEqual(['K1', 1]);
  });

  it.each([
    ['cannot be read', undefined],
    ['is damaged', '{"keyId":"K2"}'],
  ])('signs with the old key while the secret %s, and warns', async (_, secret) => {
    const { clock, delivery, keyId, lines, state } = rig(first.secret('K1'));
    await keyId();
    state.secret = secret;
    clock.advance(300_000);
    expect([await keyId(), delivery.generation()]).toEqual(['K1', 0]);
    expect(lines).toEqual([expect.objectContaining({ level: 'warn', message: 'stale', key: arn })]);
  });

  it('starts where the secret cannot be read: releases are 503 until it can', async () => {
    const { clock, delivery, keyId, lines, state } = rig(undefined);
    await delivery.warm();
    expect(lines).toEqual([
      expect.objectContaining({ level: 'error', key: arn, error: expect.stringContaining('AccessDeniedException') }),
    ]);
    await expect(keyId()).rejects.toMatchObject({
      status: 503,
      message: 'The key that signs downloads cannot be read: try again.',
    });
    state.secret = first.secret('K1');
    clock.advance(5_000);
    expect(await keyId()).toBe('K1');
  });

  it.each([
    ['is not a key', '{"keyId":"K1"}', 'names a secret that is damaged: it must be {"keyId": "K…", "privateKey":'],
    [
      'has a key that CloudFront does not accept',
      deliveryKeyPair('P-384').secret('K1'),
      'names a secret that is damaged: it has a key that CloudFront does not accept, only ECDSA P-256 and RSA 2048: create one with: openssl genpkey',
    ],
  ])('does not start where the secret %s: the error says what to do', async (_, secret, sentence) => {
    const { delivery } = rig(secret);
    await expect(delivery.warm()).rejects.toMatchObject({
      name: 'BadSetting',
      message: expect.stringContaining(`DELIVERY_SECRET ${sentence}`),
    });
  });

  it.each([
    ['DELIVERY_URL', 'd123.cloudfront.net', 'must be an https:// origin'],
    ['DELIVERY_URL', 'http://d123.cloudfront.net', 'must be an https:// origin'],
    ['DELIVERY_URL', 'https://d123.cloudfront.net/channels', 'must be an https:// origin'],
    ['DELIVERY_URL', 'https://user@d123.cloudfront.net', 'must be an https:// origin'],
    ['DELIVERY_SECRET', '', 'is not set'],
    ['DELIVERY_SECRET', 'delivery', 'must be the complete ARN'],
    ['AWS_ENDPOINT_URL_SECRETS_MANAGER', 'nowhere', 'must be an http or https URL'],
  ])('does not start where %s is "%s"', (name, value, rule) => {
    expect(() => rig(first.secret('K1'), { [name]: value })).toThrow(`${name} ${rule}`);
  });

  it.each(['https://downloads.example.org', 'https://d123.cloudfront.net/', 'http://localhost:9080'])(
    'may be at %s',
    async (url) => {
      const signed = await rig(first.secret('K1'), { DELIVERY_URL: url }).delivery.presignGet('demo-1.tar.xz', 900);
      expect(signed.startsWith(`${url.replace(/\/$/, '')}/demo-1.tar.xz?`)).toBe(true);
    },
  );
});

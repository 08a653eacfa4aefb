import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { publicKey, readPem } from '../../../lambda/auth/public-key.ts';

const { publicKey: sound } = generateKeyPairSync('rsa', { modulusLength: 2_048 });

/** The sound key with another exponent, which no tool would make. */
function withExponent(exponent: number): KeyObject {
  const hex = exponent.toString(16);
  const e = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex').toString('base64url');
  return createPublicKey({ key: { ...sound.export({ format: 'jwk' }), e }, format: 'jwk' });
}

describe('an RSA key', () => {
  it.each([65_537, 65_539])('may have the exponent %i', (exponent) => {
    expect(publicKey(withExponent(exponent))).toMatchObject({ algorithm: 'RS256' });
  });

  it.each([1, 3, 65_535, 65_536, 65_538])('may not have the exponent %i, which is too small or even', (exponent) => {
    const key = withExponent(exponent);
    const rule = `is an RSA key with the exponent ${exponent}: 65537 is the least, and odd`;

    expect(publicKey(key)).toEqual({ rule });
    expect(readPem(key.export({ format: 'pem', type: 'spki' }) as string)).toEqual({ rule });
  });
});

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

/** Made by `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -days 1`: it expired long ago. */
const certificate = `-----BEGIN CERTIFICATE-----
MIIBcTCCARegAwIBAgIUNB+jKce8i6G5ie3dPKP7MzDLUD8wCgYIKoZIzj0EAwIw
DjEMMAoGA1UEAwwDbml4MB4XDTI2MTEyOTAyNTMzOVoXDTI2MTEzMDAyNTMzOVow
DjEMMAoGA1UEAwwDbml4MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8kddRIqJ
KGEfzx+lOOYfBou3Rf/Px8ynIB0LFLa4rjn6aoY1/vS7EiVjC81QIPQFZE6OO4Fi
GGEkcsZrNhLF7qNTMFEwHQYDVR0OBBYEFAPJZLobd7bixJjYtVSWvQcWHOPdMB8G
A1UdIwQYMBaAFAPJZLobd7bixJjYtVSWvQcWHOPdMA8GA1UdEwEB/wQFMAMBAf8w
CgYIKoZIzj0EAwIDSAAwRQIhAMVyvgAW0hYGwmVOvKwo6rkuMLvS5mGo7xpw/7cF
qEw+AiAVrQp19uP2QJFXbNTV4VwbuqEGZbaKD+9meMzMGVEKOw==
-----END CERTIFICATE-----
`;
const publicHalf = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8kddRIqJKGEfzx+lOOYfBou3Rf/P
x8ynIB0LFLa4rjn6aoY1/vS7EiVjC81QIPQFZE6OO4FiGGEkcsZrNhLF7g==
-----END PUBLIC KEY-----
`;

describe('a PEM text', () => {
  const keyOf = (pem: string) => readPem(pem) as { keys: readonly { ids: readonly string[]; algorithm: string }[] };
  const otherKey = sound.export({ format: 'pem', type: 'spki' }) as string;

  it('may be an X.509 certificate, of which the key counts', () => {
    expect(keyOf(certificate).keys).toHaveLength(1);
    expect(keyOf(certificate).keys[0]).toMatchObject({ algorithm: 'ES256', ids: keyOf(publicHalf).keys[0]?.ids });
  });

  it('may be an RSA key in PKCS#1', () => {
    const pkcs1 = sound.export({ format: 'pem', type: 'pkcs1' }) as string;
    expect(pkcs1).toMatch(/^-----BEGIN RSA PUBLIC KEY-----/);
    expect(keyOf(pkcs1).keys[0]?.ids).toEqual(keyOf(otherKey).keys[0]?.ids);
  });

  it('may hold a certificate and public keys together, in this order', () => {
    expect(keyOf(`${certificate}${otherKey}`).keys.map(({ algorithm }) => algorithm)).toEqual(['ES256', 'RS256']);
  });

  it('may not hold the certificates of authorities beside its own', () => {
    expect(readPem(`${certificate}${certificate}`)).toEqual({
      rule: 'holds several certificates: give only the certificate whose key signs tokens',
    });
  });

  it.each([
    [
      'a certificate that cannot be read',
      '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
      'cannot be read',
    ],
    ['a certificate that ends as a key', certificate.replace('END CERTIFICATE', 'END PUBLIC KEY'), 'no public key'],
    ['a certificate with its private key', `${certificate}-----BEGIN PRIVATE KEY-----\n`, 'a private key'],
    ['a certificate request', certificate.replaceAll('CERTIFICATE', 'CERTIFICATE REQUEST'), 'no public key'],
    [
      'a parameters block',
      `-----BEGIN EC PARAMETERS-----\nAAAA\n-----END EC PARAMETERS-----\n${publicHalf}`,
      'other than',
    ],
  ])('is refused with %s', (_, pem, rule) => {
    expect(readPem(pem)).toEqual({ rule: expect.stringContaining(rule) });
  });
});

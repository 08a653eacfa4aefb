import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { Algorithm } from '../../lambda/auth/public-key.ts';

export interface TestKey {
  readonly algorithm: Algorithm;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** Of the public key. */
  readonly pem: string;
}

export function testKey(algorithm: Algorithm, pair: { publicKey: KeyObject; privateKey: KeyObject }): TestKey {
  return { algorithm, ...pair, pem: pair.publicKey.export({ type: 'spki', format: 'pem' }) as string };
}

/** A key pair that lives as long as the test. */
export function newKey(algorithm: Algorithm): TestKey {
  if (algorithm === 'RS256') return testKey(algorithm, generateKeyPairSync('rsa', { modulusLength: 2_048 }));
  if (algorithm === 'ES256') return testKey(algorithm, generateKeyPairSync('ec', { namedCurve: 'prime256v1' }));
  return testKey(algorithm, generateKeyPairSync('ed25519'));
}

export const part = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

/** Signs any two parts, well-formed or not. */
export function signParts(first: string, second: string, { algorithm, privateKey }: TestKey): string {
  const data = Buffer.from(`${first}.${second}`);
  const signature =
    algorithm === 'EdDSA'
      ? sign(null, data, privateKey)
      : sign('sha256', data, { key: privateKey, dsaEncoding: 'ieee-p1363' });
  return `${first}.${second}.${signature.toString('base64url')}`;
}

/** @param header beside `alg`; an own `alg` replaces it */
export const token = (key: TestKey, payload: unknown, header: Readonly<Record<string, unknown>> = {}): string =>
  signParts(part({ alg: key.algorithm, typ: 'JWT', ...header }), part(payload), key);

export const basic = (password: string, user = 'token'): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

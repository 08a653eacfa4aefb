import { generateKeyPairSync } from 'node:crypto';

export interface PemKeyPair {
  /** PKCS#8 (RFC 5208). */
  readonly privatePem: string;
  /** SubjectPublicKeyInfo (RFC 5280). */
  readonly publicPem: string;
}

const pem = {
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
} as const;

/** As typed, the preferred one first: ES256 is as short as EdDSA, and every JWT library and key service has it. */
export const keyAlgorithms = ['es256', 'eddsa', 'rs256'] as const;
export type KeyAlgorithm = (typeof keyAlgorithms)[number];

/** A new private key and its public half. RSA has 3072 bits, as NIST asks for beyond 2030 (SP 800-57 part 1). */
export function newKeyPair(algorithm: KeyAlgorithm): PemKeyPair {
  const pair = {
    es256: () => generateKeyPairSync('ec', { namedCurve: 'P-256', ...pem }),
    eddsa: () => generateKeyPairSync('ed25519', { ...pem }),
    rs256: () => generateKeyPairSync('rsa', { modulusLength: 3072, ...pem }),
  }[algorithm]();
  return { privatePem: pair.privateKey.toString(), publicPem: pair.publicKey.toString() };
}

import { createHash, type KeyObject } from 'node:crypto';

/** The members of a JWK that RFC 7638 hashes, in its order: those that the kind of key must have, by name. */
const members: Readonly<Record<string, readonly string[]>> = {
  EC: ['crv', 'kty', 'x', 'y'],
  OKP: ['crv', 'kty', 'x'],
  RSA: ['e', 'kty', 'n'],
};

/** Characters: 96 bits tell keys apart, and the whole thumbprint would make each token 36 characters longer. */
const length = 16;

/** The beginning of the key's thumbprint (RFC 7638, SHA-256): the same for the private key and the public one. */
export function keyId(key: KeyObject): string {
  const jwk = key.export({ format: 'jwk' });
  const canonical = Object.fromEntries((members[jwk.kty ?? ''] ?? []).map((name) => [name, jwk[name]]));
  return createHash('sha256').update(JSON.stringify(canonical)).digest('base64url').slice(0, length);
}

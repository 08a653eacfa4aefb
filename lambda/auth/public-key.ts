import { createPublicKey, hash, type JsonWebKey, type KeyObject } from 'node:crypto';
import type { SignatureJwk } from 'aws-jwt-verify/jwk';

export const algorithms = ['RS256', 'ES256', 'EdDSA'] as const;
export type Algorithm = (typeof algorithms)[number];

/** A key that tokens may be signed with; each takes one algorithm alone (RFC 8725, 3.1). */
export interface PublicKey {
  readonly key: KeyObject;
  /** The same as aws-jwt-verify wants it. */
  readonly jwk: SignatureJwk;
  readonly algorithm: Algorithm;
  /** As the issuer's key set names it; keys from files have none. */
  readonly kid?: string;
  /** What the deny list knows the key by, whatever `kid` a token's header has. */
  readonly ids: readonly string[];
}

/** The members of a JWK that RFC 7638 hashes, in its order: those that the kind of key must have, by name. */
const hashedMembers: Readonly<Record<string, readonly string[]>> = {
  EC: ['crv', 'kty', 'x', 'y'],
  OKP: ['crv', 'kty', 'x'],
  RSA: ['e', 'kty', 'n'],
};

function thumbprintOf(jwk: JsonWebKey): string {
  const hashed = (hashedMembers[jwk.kty ?? ''] ?? []).map((name) => [name, jwk[name]]);
  return hash('sha256', JSON.stringify(Object.fromEntries(hashed)), 'base64url');
}

/** RFC 7638, with SHA-256: the same for the private key and the public one. */
export const keyThumbprint = (key: KeyObject): string => thumbprintOf(key.export({ format: 'jwk' }));

/** Characters of the thumbprint that earlier versions wrote into `kid`: 96 bits, so a deny list may name a key by them. */
const shortIdLength = 16;

/** RFC 7518, 3.3: "A key of size 2048 bits or larger MUST be used". */
const fewestBits = 2_048;
/** FIPS 186-5, A.1.1: the exponent is odd and above 2^16. With 1 everything would be a signature. */
const leastExponent = 65_537n;

/** The algorithm that a key is for, or the rule that it breaks, as the end of a sentence. */
function algorithmOf(key: KeyObject): { readonly algorithm: Algorithm } | { readonly rule: string } {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (type === 'rsa') {
    const bits = details?.modulusLength ?? 0;
    if (bits < fewestBits) return { rule: `is an RSA key of ${bits} bits: ${fewestBits} are the least` };
    const exponent = details?.publicExponent ?? 0n;
    if (exponent < leastExponent || exponent % 2n === 0n)
      return { rule: `is an RSA key with the exponent ${exponent}: ${leastExponent} is the least, and odd` };
    return { algorithm: 'RS256' };
  }
  if (type === 'ec' && details?.namedCurve === 'prime256v1') return { algorithm: 'ES256' };
  if (type === 'ed25519') return { algorithm: 'EdDSA' };
  return { rule: 'is not an RSA, P-256 or Ed25519 key' };
}

/** A key that is strong enough, or the rule that it breaks, as the end of a sentence. */
export function publicKey(key: KeyObject, kid?: string): PublicKey | { readonly rule: string } {
  const found = algorithmOf(key);
  if ('rule' in found) return found;
  const { algorithm } = found;
  const exported = key.export({ format: 'jwk' });
  const jwk = { ...exported, alg: algorithm, use: 'sig' } as SignatureJwk;
  const thumbprint = thumbprintOf(exported);
  const ids = [thumbprint, thumbprint.slice(0, shortIdLength)];
  return kid === undefined ? { key, jwk, algorithm, ids } : { key, jwk, algorithm, kid, ids: [...ids, kid] };
}

/** The keys of a PEM text, which may hold several. `rule` is the end of a sentence that says what is wrong. */
export function readPem(pem: string): { readonly keys: readonly PublicKey[] } | { readonly rule: string } {
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem))
    return { rule: 'holds a private key: give the public one alone, and take this file away from here' };
  const blocks = pem.match(/-----BEGIN (RSA )?PUBLIC KEY-----[^-]*-----END (RSA )?PUBLIC KEY-----/g) ?? [];
  if (blocks.length === 0) return { rule: 'holds no public key in PEM form ("-----BEGIN PUBLIC KEY-----")' };
  if (blocks.length !== (pem.match(/-----BEGIN /g) ?? []).length)
    return { rule: 'holds something else than public keys in PEM form, or one that is cut off' };
  const keys: PublicKey[] = [];
  for (const block of blocks) {
    let key: KeyObject;
    try {
      key = createPublicKey(block);
    } catch {
      return { rule: 'holds a public key that cannot be read' };
    }
    const found = publicKey(key);
    if ('rule' in found) return found;
    keys.push(found);
  }
  return { keys };
}

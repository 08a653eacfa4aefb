import { createPublicKey, hash, type JsonWebKey, type KeyObject, verify } from 'node:crypto';
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
const minModulusBits = 2_048;
/** FIPS 186-5, A.1.1: the exponent is odd and above 2^16. With 1 everything would be a signature. */
const minExponent = 65_537n;

/** The algorithm that a key is for, or the rule that it breaks, as the end of a sentence. */
function algorithmOf(key: KeyObject): { readonly algorithm: Algorithm } | { readonly rule: string } {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (type === 'rsa') {
    const bits = details?.modulusLength ?? 0;
    if (bits < minModulusBits) return { rule: `is an RSA key of ${bits} bits: ${minModulusBits} are the least` };
    const exponent = details?.publicExponent ?? 0n;
    if (exponent < minExponent || exponent % 2n === 0n)
      return { rule: `is an RSA key with the exponent ${exponent}: ${minExponent} is the least, and odd` };
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

/** What `sign` and `verify` of node:crypto take: EdDSA hashes by itself. */
export const digestOf = (algorithm: Algorithm): string | null => (algorithm === 'EdDSA' ? null : 'sha256');

/** The signature of ES256 is two numbers one after the other (RFC 7518, 3.4), not DER. */
export const keyOf = (key: KeyObject) => ({ key, dsaEncoding: 'ieee-p1363' }) as const;

/** @param signed `header.payload` */
export const signatureFits = (signed: string, algorithm: Algorithm, key: KeyObject, signature: Buffer): boolean =>
  verify(digestOf(algorithm), Buffer.from(signed), keyOf(key), signature);

const anyBlock = /-----BEGIN ([A-Z0-9 ]+)-----/g;
/** SubjectPublicKeyInfo (RFC 7468, 13), PKCS#1 (RFC 8017, A.1.1) and X.509 certificates (RFC 7468, 5). */
const publicBlock = /-----BEGIN ((?:RSA )?PUBLIC KEY|CERTIFICATE)-----[^-]*-----END \1-----/g;

/**
 * The keys of a PEM text, which may hold several. Of a certificate only the key counts: neither its dates nor who issued it are
 * checked. `rule` is the end of a sentence that says what is wrong.
 */
export function readPem(pem: string): { readonly keys: readonly PublicKey[] } | { readonly rule: string } {
  const kinds = [...pem.matchAll(anyBlock)].map(([, kind = '']) => kind);
  if (kinds.some((kind) => kind.endsWith('PRIVATE KEY')))
    return { rule: 'holds a private key: give only the public key, and remove this file' };
  const blocks = pem.match(publicBlock) ?? [];
  if (blocks.length === 0)
    return { rule: 'holds no public key or certificate in PEM form ("-----BEGIN PUBLIC KEY-----")' };
  if (blocks.length !== kinds.length)
    return { rule: 'holds something other than public keys and certificates in PEM form, or a block that is cut off' };
  // The others are those of authorities, whose keys must not sign tokens.
  if (kinds.filter((kind) => kind === 'CERTIFICATE').length > 1)
    return { rule: 'holds several certificates: give only the certificate whose key signs tokens' };
  const keys: PublicKey[] = [];
  for (const block of blocks) {
    let key: KeyObject;
    try {
      key = createPublicKey(block);
    } catch {
      return { rule: 'holds a public key or certificate that cannot be read' };
    }
    const found = publicKey(key);
    if ('rule' in found) return found;
    keys.push(found);
  }
  return { keys };
}

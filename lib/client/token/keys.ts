import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { type Algorithm, digestOf, keyOf, keyThumbprint, publicKey } from '../../../lambda/auth/public-key.ts';
import { brokenGlobRule, quoted } from '../../domain/names.ts';
import { InvalidInput } from '../../domain/problem.ts';

const isPrivate = (pem: string): boolean => /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----/.test(pem);
const isEncrypted = (pem: string): boolean =>
  pem.includes('-----BEGIN ENCRYPTED PRIVATE KEY-----') || /^Proc-Type: 4,ENCRYPTED/m.test(pem);

/** OpenSSL's message is dropped: it may quote the key. */
function parsed(path: string, what: string, parse: () => KeyObject): KeyObject {
  try {
    return parse();
  } catch {
    throw new InvalidInput('key', `${path} has no readable ${what} in PEM form.`);
  }
}

/** @param path for messages only */
export function readPrivateKey(pem: string, path: string): KeyObject {
  if (isEncrypted(pem))
    throw new InvalidInput(
      'key',
      `${path} is encrypted, which is not supported: decrypt it first (openssl pkey -in KEY -out PLAIN), and keep the result private.`,
    );
  if (!isPrivate(pem) && pem.includes('PUBLIC KEY-----'))
    throw new InvalidInput('key', `${path} is a public key; tokens are signed with a private key.`);
  return parsed(path, 'private key', () => createPrivateKey(pem));
}

/** Also takes a private key, which contains the public one. @param path for messages only */
export function readPublicKey(pem: string, path: string): KeyObject {
  if (isEncrypted(pem)) throw new InvalidInput('key', `${path} is encrypted: give the public key instead.`);
  if ((pem.match(/-----BEGIN [A-Z ]*KEY-----/g) ?? []).length > 1)
    throw new InvalidInput(
      'key',
      `${path} has several keys, of which only the first would be used: give a file with one key.`,
    );
  return parsed(path, 'public key or certificate', () => createPublicKey(pem));
}

interface KeyPair {
  /** PKCS#8 (RFC 5208). */
  readonly privatePem: string;
  /** SubjectPublicKeyInfo (RFC 5280). */
  readonly publicPem: string;
  /** The `kid` of its tokens. */
  readonly keyId: string;
}

const pem = {
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
} as const;

/** ES256 is the default: it is as short as EdDSA, and every JWT library and key service has it. */
export type KeyAlgorithm = 'es256' | 'eddsa' | 'rs256';

/** A new private key and its public half. RSA has 3072 bits, as NIST asks for beyond 2030 (SP 800-57 part 1). */
export function newKeyPair(algorithm: KeyAlgorithm): KeyPair {
  const pair = {
    es256: () => generateKeyPairSync('ec', { namedCurve: 'P-256', ...pem }),
    eddsa: () => generateKeyPairSync('ed25519', { ...pem }),
    rs256: () => generateKeyPairSync('rsa', { modulusLength: 3072, ...pem }),
  }[algorithm]();
  const [privatePem, publicPem] = [pair.privateKey.toString(), pair.publicKey.toString()];
  return { privatePem, publicPem, keyId: keyThumbprint(createPublicKey(publicPem)) };
}

/** The algorithm of a public or private key. Throws for a key that the service does not accept. */
export function tokenAlgorithm(key: KeyObject): Algorithm {
  const found = publicKey(key.type === 'private' ? createPublicKey(key) : key);
  if ('rule' in found)
    throw new InvalidInput(
      'key',
      `The key ${found.rule}. channelctl token keygen creates one that the service accepts.`,
    );
  return found.algorithm;
}

/** The key's ID in tokens and in the deny list. Throws for a key that the service does not accept. */
export function keyIdOf(key: KeyObject): string {
  tokenAlgorithm(key);
  return keyThumbprint(key);
}

/** Of `header.payload`, as a JSON Web Signature has it (RFC 7515). */
export const signTokenData = (signed: string, algorithm: Algorithm, key: KeyObject): Buffer =>
  sign(digestOf(algorithm), Buffer.from(signed), keyOf(key));

/** The claims of a token (RFC 7519, section 4.1). Times are seconds since 1970. */
interface TokenClaims {
  readonly sub: string;
  readonly jti: string;
  readonly iat: number;
  readonly exp: number;
  readonly nbf?: number | undefined;
  readonly aud?: string | undefined;
  readonly iss?: string | undefined;
  /** Names and globs of channels; if absent, the service's own setting decides. */
  readonly channels?: readonly string[] | undefined;
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A JSON Web Token in its compact form. */
export function signToken(claims: TokenClaims, key: KeyObject): string {
  const alg = tokenAlgorithm(key);
  const signed = `${encode({ alg, typ: 'JWT', kid: keyThumbprint(key) })}.${encode(claims)}`;
  return `${signed}.${signTokenData(signed, alg, key).toString('base64url')}`;
}

const maxTextLength = 256;

function checkText(field: 'sub' | 'jti' | 'aud' | 'iss', text: string | undefined): void {
  if (text === undefined) return;
  if (text === '' || text.length > maxTextLength || /\p{Cc}/u.test(text))
    throw new InvalidInput(
      field,
      `The claim "${field}" must have 1 to ${maxTextLength} characters and no control characters.`,
    );
}

/** Refuses claims that no reader could use. */
export function checkClaims({ sub, jti, aud, iss, nbf, exp, channels }: TokenClaims): void {
  for (const [field, text] of Object.entries({ sub, jti, aud, iss }))
    checkText(field as 'sub' | 'jti' | 'aud' | 'iss', text);
  for (const glob of channels ?? []) {
    const rule = brokenGlobRule(glob);
    if (rule !== undefined) throw new InvalidInput('channels', `The channel ${quoted(glob)} ${rule}.`);
  }
  if (nbf !== undefined && nbf >= exp)
    throw new InvalidInput('notBefore', 'The token would expire before --not-before: --days count from now.');
}

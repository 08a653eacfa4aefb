import { createPrivateKey, type KeyObject, sign } from 'node:crypto';
import { isObject } from '../../domain/names.ts';
import { escapePath } from './presign.ts';
import type { BucketReader } from './reader.ts';

/** A private key, whose public key is in the key group of a CloudFront distribution. */
export interface DeliveryKey {
  /** Of the public key in CloudFront, such as `K2JCJMDEHXQW5F`. */
  readonly id: string;
  readonly privateKey: KeyObject;
}

/** The secret can be read, but has no key that CloudFront accepts. The message has nothing of what it holds. */
export class BadDeliveryKey extends Error {}

const form =
  'must be {"keyId": "K…", "privateKey": "-----BEGIN PRIVATE KEY-----…"}, or that PEM alone where DELIVERY_KEY_ID is set';
const advice = 'create one with: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256';

/** CloudFront API reference, PublicKey: "RSA 2048 or ECDSA 256". */
function isAccepted({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): boolean {
  const { modulusLength, namedCurve } = asymmetricKeyDetails ?? {};
  return asymmetricKeyType === 'ec'
    ? namedCurve === 'prime256v1'
    : asymmetricKeyType === 'rsa' && modulusLength === 2048;
}

function privateKeyOf(pem: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    throw new BadDeliveryKey(`has a privateKey that is not an unencrypted PEM private key: ${advice}`);
  }
  if (isAccepted(key)) return key;
  throw new BadDeliveryKey(`has a key that CloudFront does not accept, only ECDSA P-256 and RSA 2048: ${advice}`);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message quotes what it read.
    return undefined;
  }
}

/**
 * What the secret holds.
 *
 * @param keyId for a secret that is a PEM alone
 * @throws BadDeliveryKey
 */
export function parseDeliveryKey(text: unknown, keyId: string | undefined): DeliveryKey {
  const secret = typeof text === 'string' ? text.trim() : '';
  const value = secret.startsWith('-----BEGIN ') ? { keyId, privateKey: secret } : parsed(secret);
  const { keyId: id, privateKey } = isObject(value) ? value : {};
  if (typeof id !== 'string' || !/^[A-Z0-9]{1,64}$/.test(id) || typeof privateKey !== 'string')
    throw new BadDeliveryKey(form);
  return { id, privateKey: privateKeyOf(privateKey) };
}

/** The statement that is signed, byte for byte, with which CloudFront compares the request (its developer guide, "Create a signed URL using a canned policy"). */
export const cannedPolicy = (resource: string, expires: number): string =>
  `{"Statement":[{"Resource":${JSON.stringify(resource)},"Condition":{"DateLessThan":{"AWS:EpochTime":${expires}}}}]}`;

const urlSafe: Readonly<Record<string, string>> = { '+': '-', '=': '_', '/': '~' };

/** @param expires seconds since 1970 */
export function signedUrl(resource: string, expires: number, { id, privateKey }: DeliveryKey): string {
  const signature = sign('sha256', Buffer.from(cannedPolicy(resource, expires)), privateKey)
    .toString('base64')
    .replace(/[+=/]/g, (character) => urlSafe[character] as string);
  return `${resource}?Expires=${expires}&Signature=${signature}&Key-Pair-Id=${id}&Hash-Algorithm=SHA256`;
}

interface DeliveryOptions {
  /** The origin of the distribution, without a path. */
  readonly origin: string;
  readonly keys: {
    readonly get: () => DeliveryKey | Promise<DeliveryKey>;
    readonly generation: () => number;
  };
  readonly now: () => number;
}

/** Where readers get releases from, instead of from the bucket itself. */
export type Delivery = Pick<BucketReader, 'presignGet' | 'generation'>;

/**
 * Signs URLs of a CloudFront distribution before the bucket. The key of an object is encoded as in a presigned URL, and that
 * text is signed: CloudFront compares what the client sends, S3 reads a bare `+` as a blank, and a bare `*` would be a wildcard.
 */
export const createDelivery = ({ origin, keys, now }: DeliveryOptions): Delivery => ({
  async presignGet(key, expiresInSeconds) {
    const expires = Math.floor(now() / 1_000) + expiresInSeconds;
    return signedUrl(`${origin}/${escapePath(key)}`, expires, await keys.get());
  },
  generation: keys.generation,
});

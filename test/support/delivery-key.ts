import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';

const pem = {
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
};

export interface DeliveryKeyPair {
  /** PKCS#8. */
  readonly privateKey: string;
  readonly publicKey: KeyObject;
  /** The text of the secret, with this id of the key. */
  readonly secret: (keyId: string) => string;
}

/** A new key pair of ECDSA P-256, as the operator of a service with delivery by CloudFront has it. */
export function deliveryKeyPair(namedCurve = 'P-256'): DeliveryKeyPair {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve, ...pem } as never) as unknown as {
    readonly privateKey: string;
    readonly publicKey: string;
  };
  return {
    privateKey,
    publicKey: createPublicKey(publicKey),
    secret: (keyId) => JSON.stringify({ keyId, privateKey }),
  };
}

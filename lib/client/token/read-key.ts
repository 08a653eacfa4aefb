import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { InvalidInput } from '../../domain/problem.ts';

const isPrivate = (pem: string): boolean => /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----/.test(pem);
const isEncrypted = (pem: string): boolean =>
  pem.includes('-----BEGIN ENCRYPTED PRIVATE KEY-----') || /^Proc-Type: 4,ENCRYPTED/m.test(pem);

/** What OpenSSL says of a key is not repeated: it may quote it. */
function parsed(path: string, what: string, parse: () => KeyObject): KeyObject {
  try {
    return parse();
  } catch {
    throw new InvalidInput('key', `${path} has no ${what} in PEM that can be read.`);
  }
}

/** @param path for messages alone */
export function readPrivateKey(pem: string, path: string): KeyObject {
  if (isEncrypted(pem))
    throw new InvalidInput(
      'key',
      `${path} is encrypted, and no passphrase is asked for: decrypt it first (openssl pkey -in KEY -out PLAIN), and keep what comes of it private.`,
    );
  if (!isPrivate(pem) && pem.includes('PUBLIC KEY-----'))
    throw new InvalidInput('key', `${path} is a public key; tokens are signed with the private one.`);
  return parsed(path, 'private key', () => createPrivateKey(pem));
}

/** A private key does as well, because it holds the public one. @param path for messages alone */
export function readPublicKey(pem: string, path: string): KeyObject {
  if (isEncrypted(pem)) throw new InvalidInput('key', `${path} is encrypted: give the public key instead.`);
  if ((pem.match(/-----BEGIN [A-Z ]*KEY-----/g) ?? []).length > 1)
    throw new InvalidInput(
      'key',
      `${path} has several keys, of which only the first would count: give a file with one.`,
    );
  return parsed(path, 'public key', () => createPublicKey(pem));
}

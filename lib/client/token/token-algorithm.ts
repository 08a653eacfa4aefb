import { createPublicKey, type KeyObject } from 'node:crypto';
import { type Algorithm, publicKey } from '../../../lambda/auth/public-key.ts';
import { InvalidInput } from '../../domain/problem.ts';

/** The algorithm that a key, or its public half, is for. One that the service would not take, a weak one too, is refused. */
export function tokenAlgorithm(key: KeyObject): Algorithm {
  const found = publicKey(key.type === 'private' ? createPublicKey(key) : key);
  if ('rule' in found)
    throw new InvalidInput('key', `The key ${found.rule}. channelctl token keygen makes one that the service takes.`);
  return found.algorithm;
}

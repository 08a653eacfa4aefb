import type { KeyObject } from 'node:crypto';
import { InvalidInput } from '../../domain/problem.ts';

/** The signatures that the service verifies, as `alg` names them (RFC 7518, section 3.1; RFC 8037). */
export type TokenAlgorithm = 'ES256' | 'EdDSA' | 'RS256';

const weakest = 2048;

/** The algorithm that a key is for. A key of any other kind, and a weak one, is refused. */
export function tokenAlgorithm({ asymmetricKeyType, asymmetricKeyDetails = {} }: KeyObject): TokenAlgorithm {
  const { modulusLength = 0, namedCurve } = asymmetricKeyDetails;
  if (asymmetricKeyType === 'ed25519') return 'EdDSA';
  if (asymmetricKeyType === 'ec' && namedCurve === 'prime256v1') return 'ES256';
  if (asymmetricKeyType === 'rsa' && modulusLength >= weakest) return 'RS256';
  const found = { rsa: `an RSA key of ${modulusLength} bits`, ec: `an EC key on the curve ${namedCurve}` } as const;
  const kind = found[asymmetricKeyType as keyof typeof found] ?? `a key of the type ${asymmetricKeyType}`;
  throw new InvalidInput(
    'key',
    `This is ${kind}. The service takes Ed25519, EC on P-256 and RSA of at least ${weakest} bits: channelctl token keygen.`,
  );
}

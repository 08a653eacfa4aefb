import { BadSetting } from '../../lib/domain/bad-setting.ts';
import { isText } from '../../lib/domain/is-text.ts';
import { boundScope } from './bound-claims.ts';
import { IssuerKeys, type IssuerKeysOptions } from './issuer-keys.ts';
import type { JwtSettings } from './jwt-settings.ts';
import type { KeySet } from './key-set.ts';
import type { KeySource } from './key-source.ts';
import { algorithms, readPem } from './public-key.ts';
import { claimedScope } from './scope.ts';

/** Throws BadSetting for a key that cannot be read or is too weak. */
export function pemSource({ pems, audience, issuer, defaultScope }: NonNullable<JwtSettings['keys']>): KeySource {
  const keys = pems.flatMap((pem) => {
    const found = readPem(pem);
    if ('rule' in found) throw new BadSetting('A public key', found.rule);
    return found.keys;
  });
  const set: KeySet = { keys };
  return {
    expected: { issuer: issuer ?? null, audience: audience ?? null },
    current: async () => set,
    keysFor: async () => set,
    scopeOf: ({ channels }) => claimedScope(channels, defaultScope),
  };
}

/** Only bound claims give channels: a `channels` claim would be the word of whoever asked the issuer for the token. */
export function issuerSource(
  { issuer, jwksUri, audience, rules }: NonNullable<JwtSettings['issuer']>,
  options: Omit<IssuerKeysOptions, 'issuer' | 'jwksUri'>,
): KeySource {
  const published = new IssuerKeys({ issuer, jwksUri, ...options });
  return {
    expected: { issuer, audience },
    current: () => published.current(),
    // What could never be verified is not worth a question to the issuer.
    keysFor: async ({ header: { kid, alg } }) =>
      isText(kid) && algorithms.some((one) => one === alg) ? published.named(kid) : { keys: [] },
    scopeOf: (payload) => boundScope(rules, payload),
  };
}

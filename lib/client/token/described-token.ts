import type { KeyObject } from 'node:crypto';
import { keyThumbprint } from '../../../lambda/auth/public-key.ts';
import { escapeControls } from '../escape-controls.ts';
import { table } from '../table.ts';
import type { ReadToken } from './read-token.ts';
import { type SignatureState, signatureState } from './signature-state.ts';
import { timeClaim } from './time-claim.ts';
import { tokenWarnings } from './token-warnings.ts';

const headers = ['alg', 'kid'] as const;
const claims = ['sub', 'jti', 'channels', 'aud', 'iss', 'iat', 'nbf', 'exp'] as const;
const times: readonly string[] = ['iat', 'nbf', 'exp'];

export interface DescribedToken extends Partial<Record<(typeof headers | typeof claims)[number], unknown>> {
  readonly signature: SignatureState;
  /** Of the key that was given, where it made the signature: the deny list's kid, whatever the header says. */
  readonly keyId?: string;
  readonly length: number;
  readonly sha256: string;
  readonly warnings: readonly string[];
}

const pick = (from: Readonly<Record<string, unknown>>, names: readonly string[]): object =>
  Object.fromEntries(names.filter((name) => Object.hasOwn(from, name)).map((name) => [name, from[name]]));

/** What there is to know of a token, and nothing that would let anybody use it. @param now seconds since 1970 */
export function describeToken(token: ReadToken, key: KeyObject | undefined, now: number): DescribedToken {
  const signature = signatureState(token, key);
  return {
    ...pick(token.header, headers),
    ...pick(token.payload, claims),
    signature,
    ...(key !== undefined && signature === 'valid' ? { keyId: keyThumbprint(key) } : {}),
    length: token.text.length,
    sha256: token.sha256,
    warnings: tokenWarnings(token, now),
  };
}

const shownSignature: Readonly<Record<SignatureState, string>> = {
  unverified: 'not verified: anybody can write what stands here (--key FILE.pub verifies it)',
  valid: 'made by the key that was given',
  invalid: 'NOT made by the key that was given',
};

function shownValue(name: string, value: unknown, now: number): string {
  if (times.includes(name)) return timeClaim(value, now);
  if (name === 'channels' && value === undefined) return "not named: the service's setting decides, all or none";
  if (Array.isArray(value) && value.every((each) => typeof each === 'string')) return value.join(', ');
  return typeof value === 'string' ? value : JSON.stringify(value);
}

export function describedText(described: DescribedToken, now: number): string {
  const rows = [...headers, ...claims]
    .filter((name) => name === 'channels' || described[name] !== undefined)
    .map((name) => [name, escapeControls(shownValue(name, described[name], now))]);
  return [
    table([
      ...rows,
      ['length', `${described.length} characters`],
      ['sha256', `${described.sha256} (of header.payload; token revoke takes it)`],
      ['signature', shownSignature[described.signature]],
      ...(described.keyId === undefined
        ? []
        : [['key id', `${described.keyId} (of the key that was given; token revoke --kid takes it)`]]),
    ]),
    ...described.warnings.map((warning) => `warning: ${warning}`),
  ].join('\n');
}

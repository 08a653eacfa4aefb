import type { KeyObject } from 'node:crypto';
import { type DecodedToken, decodeToken, wrongTypes } from '../../../lambda/auth/decode-token.ts';
import { algorithms, keyThumbprint, signatureFits } from '../../../lambda/auth/public-key.ts';
import { escapeControls } from '../../domain/names.ts';
import { InvalidInput } from '../../domain/problem.ts';
import { longestPassword } from '../netrc/parse.ts';
import { table } from '../text.ts';
import { tokenAlgorithm } from './keys.ts';

/** A token taken apart; nothing of it is verified. */
export interface ReadToken extends DecodedToken {
  /** Without the blanks around it. */
  readonly text: string;
}

/** Takes a token apart. No message quotes it, because it is a password. @throws InvalidInput */
export function readToken(given: string): ReadToken {
  const text = given.trim();
  if (text === '')
    throw new InvalidInput('token', 'The token is empty: give it on standard input, or give the name of its file.');
  const decoded = decodeToken(text);
  if ('rule' in decoded)
    throw new InvalidInput(
      'token',
      `This is not a token (a JWT, RFC 7519): ${decoded.rule}. Give only the token, as token create prints it.`,
    );
  return { text, ...decoded };
}

/** What older clients did with a long password from netrc (curl/curl 2676 and 15513). */
export function lengthWarnings(length: number): string[] {
  if (length > longestPassword)
    return [
      `The token is ${length} characters long: curl, and so Nix, drops passwords over ${longestPassword} silently.`,
    ];
  const cut = length > 246 ? ', curl before 7.61 (2018) cuts it off' : '';
  return length > 128
    ? [`The token is ${length} characters long: curl 8.11.0 refuses netrc passwords over 128${cut}.`]
    : [];
}

/** Whether a token was signed by the key that belongs to this one; `unverified` without a key. */
type SignatureState = 'unverified' | 'valid' | 'invalid';

export function signatureState({ header, signed, signature }: ReadToken, key: KeyObject | undefined): SignatureState {
  if (key === undefined) return 'unverified';
  const algorithm = tokenAlgorithm(key);
  // The key says which algorithm it is for, never the token.
  return header.alg === algorithm && signatureFits(signed, algorithm, key, signature) ? 'valid' : 'invalid';
}

const day = 86_400;

const units = [
  [day, 'day'],
  [3_600, 'hour'],
  [60, 'minute'],
] as const;

function duration(seconds: number): string {
  const [size, unit] = units.find(([each]) => seconds >= 2 * each) ?? [1, 'second'];
  const whole = Math.round(seconds / size);
  return `${whole} ${unit}${whole === 1 ? '' : 's'}`;
}

/** "in 12 days" or "3 hours ago". @param time and now in seconds since 1970 */
export const relativeTime = (time: number, now: number): string =>
  time >= now ? `in ${duration(time - now)}` : `${duration(now - time)} ago`;

/** The latest time that a Date can hold, in seconds. */
const latest = 8_640_000_000_000;

/** A time claim in words, whatever it holds: claims are anybody's. */
function timeClaim(value: unknown, now: number): string {
  if (typeof value !== 'number' || Math.abs(value) > latest) return `${JSON.stringify(value)} (no time)`;
  return `${new Date(value * 1_000).toISOString()} (${relativeTime(value, now)})`;
}

export const notYetValid = 'The token is not valid yet.';

/** Why the service may refuse a token, as far as that can be told without its settings. @param now seconds since 1970 */
export function tokenWarnings(token: ReadToken, now: number): string[] {
  const { exp, nbf } = token.payload;
  const rules = [...token.refusals, ...wrongTypes(token)];
  if (!algorithms.some((algorithm) => algorithm === token.header.alg))
    rules.push(`has an algorithm other than ${algorithms.join(', ')}`);
  if (exp === undefined) rules.push('has no expiry (a number "exp")');
  else if (typeof exp === 'number' && exp <= now) rules.push('has expired');
  return [
    ...rules.map((rule) => `The token ${rule}; the service refuses it.`),
    ...(typeof nbf === 'number' && nbf > now ? [notYetValid] : []),
    ...lengthWarnings(token.text.length),
  ];
}

const headers = ['alg', 'kid'] as const;
const claims = ['sub', 'jti', 'channels', 'aud', 'iss', 'iat', 'nbf', 'exp'] as const;
const times: readonly string[] = ['iat', 'nbf', 'exp'];

interface DescribedToken extends Partial<Record<(typeof headers | typeof claims)[number], unknown>> {
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

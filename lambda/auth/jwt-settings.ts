import { isObject, isText } from '../../lib/domain/names.ts';
import { BadSetting } from '../../lib/domain/problem.ts';
import { type BoundRule, isBound } from './scope.ts';

/** Whose tokens may read, where not everybody may read. Each source of keys is bound to rules of its own. */
export interface JwtSettings {
  readonly keys?: {
    readonly pems: readonly string[];
    /** One of these must be in `aud`; absent: it is not looked at. */
    readonly audience?: readonly string[];
    readonly issuer?: string;
    /** What a token without a `channels` claim may read. */
    readonly defaultScope: 'all' | 'none';
  };
  readonly issuer?: {
    readonly issuer: string;
    /** Absent: as the issuer's discovery document names it. */
    readonly jwksUri?: string;
    readonly audience: readonly string[];
    readonly rules: readonly BoundRule[];
  };
  /** By how much clocks may differ. */
  readonly leewaySeconds: number;
  readonly maxLifetimeDays?: number;
}

export const maxLeewaySeconds = 300;

type Keys = NonNullable<JwtSettings['keys']>;
type Issuer = NonNullable<JwtSettings['issuer']>;
type Check = (value: unknown) => boolean;

const listOf =
  (is: Check): Check =>
  (value) =>
    Array.isArray(value) && value.length > 0 && value.every(is);

const isList = listOf(isText);

const optional =
  (is: Check): Check =>
  (value) =>
    value === undefined || is(value);

/** Whether each of the value's keys is known, and has what it must have. */
const fits =
  <T>(checks: Readonly<Record<keyof Required<T>, Check>>) =>
  (value: unknown): value is T =>
    isObject(value) &&
    Object.keys(value).every((key) => Object.hasOwn(checks, key)) &&
    Object.entries<Check>(checks).every(([key, check]) => check(value[key]));

const isKeys = fits<Keys>({
  pems: isList,
  audience: optional(isList),
  issuer: optional(isText),
  defaultScope: isText,
});

const isRule = fits<BoundRule>({
  claims: (value) => isObject(value) && listOf(isBound)(Object.values(value)),
  channels: (value) => value === 'all' || isList(value),
});

const isIssuer = fits<Issuer>({
  issuer: isText,
  jwksUri: optional(isText),
  audience: isList,
  rules: listOf(isRule),
});

const isSettings = fits<JwtSettings>({
  keys: optional(isKeys),
  issuer: optional(isIssuer),
  leewaySeconds: (value) => Number.isInteger(value) && (value as number) >= 0 && (value as number) <= maxLeewaySeconds,
  maxLifetimeDays: optional(Number.isInteger),
});

/**
 * The settings that the stack made, from the function's environment. They are checked again, because a change by hand bypasses
 * the checks at synth: with an endless leeway no token would ever expire, and without `aud` any token would be accepted.
 *
 * @throws BadSetting
 */
export function readStoredSettings(text: string | undefined): JwtSettings {
  try {
    const value: unknown = JSON.parse(text as string);
    if (isSettings(value) && (value.keys ?? value.issuer)) return value;
  } catch {
    // Without the parser's own message: it quotes what it was given.
  }
  throw new BadSetting('ACCESS', 'must be "open" or JWT settings as the stack makes them');
}

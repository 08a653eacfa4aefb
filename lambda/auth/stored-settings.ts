import { BadSetting } from '../../lib/domain/bad-setting.ts';
import { isObject } from '../../lib/domain/is-object.ts';
import { isText } from '../../lib/domain/is-text.ts';
import { type BoundRule, isBound } from './bound-claims.ts';
import { type JwtSettings, longestLeeway } from './jwt-settings.ts';

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
  leewaySeconds: (value) => Number.isInteger(value) && (value as number) >= 0 && (value as number) <= longestLeeway,
  maxLifetimeDays: optional(Number.isInteger),
});

/**
 * The settings that the stack made, from the function's environment. They are looked at again, for who changes them there by
 * hand goes past what refuses them at synth: with an endless leeway no token would ever expire, without `aud` anybody's would do.
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

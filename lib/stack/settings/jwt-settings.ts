import type { JwtSettingName, JwtSettings } from '../../../lambda/auth/jwt-settings.ts';
import { parseJwtSettings } from '../../../lambda/auth/parse-jwt-settings.ts';
import type { Setting } from './setting.ts';

const settingOf = (about: string, standard: string): Setting<unknown> => ({
  accepted: '',
  fallback: undefined,
  // Their rules depend on each other and are the same as of the local system: parseJwtSettings has them.
  parse: (value) => value as Exclude<unknown, undefined>,
  about,
  standard,
});

type ContextName = `jwt${Capitalize<JwtSettingName>}`;

const nameOf = (name: JwtSettingName): ContextName =>
  `jwt${name.charAt(0).toUpperCase()}${name.slice(1)}` as ContextName;

export const jwtSettings: Readonly<Record<ContextName, Setting<unknown>>> = {
  jwtPublicKeyFiles: settingOf(
    'PEM files of public keys (RSA from 2048 bits, P-256, Ed25519) whose tokens may read',
    'none: everybody reads',
  ),
  jwtKeysAudience: settingOf(
    '`aud` that tokens of these keys must have instead of `jwtAudience`; `any` for whichever',
    '`jwtAudience`',
  ),
  jwtKeysIssuer: settingOf('`iss` that tokens of these keys must have', 'whichever'),
  jwtDefaultScope: settingOf(
    'what a token of these keys without a `channels` claim may read: `all` or `none`',
    '`all`',
  ),
  jwtIssuer: settingOf('an OIDC issuer whose tokens may read, by `jwtBoundClaims`', 'none'),
  jwtJwksUri: settingOf('where the issuer publishes its keys', 'by its discovery document'),
  jwtAudience: settingOf('`aud` that tokens must have, one of these; demanded where `jwtIssuer` is set', 'whichever'),
  jwtBoundClaims: settingOf('a JSON file, or the JSON itself: which claims of the issuer give which channels', 'none'),
  jwtMaxLifetimeDays: settingOf('tokens that are valid for longer are refused', 'any'),
  jwtLeewaySeconds: settingOf('0 to 300: by how much clocks may differ', '30'),
};

/** @throws BadSetting */
export const readJwt = (
  context: Readonly<Record<string, unknown>>,
  readFile: (path: string) => string,
): JwtSettings | undefined => parseJwtSettings({ value: (name) => context[nameOf(name)], nameOf, readFile });

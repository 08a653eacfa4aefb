import type { JwtSettingName, JwtSettings } from '../../../lambda/auth/jwt-settings.ts';
import { parseJwtSettings } from '../../../lambda/auth/parse-jwt-settings.ts';
import { longestPresignedLifetime } from '../../store/read/presign.ts';
import { accept, type Setting } from './setting.ts';

const channelMaxAgeSeconds: Setting<number> = {
  ...accept.wholeNumber('seconds', 0, 3600),
  fallback: 30,
  about: '0 to 3600: how long a published release may stay unseen',
};

const presignLifetimeSeconds: Setting<number> = {
  ...accept.wholeNumber('seconds', 60, longestPresignedLifetime),
  fallback: longestPresignedLifetime,
  about: '60 to 900: how long the bucket URL that a reader is sent to can start a download',
};

const memory = accept.wholeNumber('megabytes', 128, 10_240);

// The start is the costly part, and it runs on a full vCPU whatever the size. Afterwards a request is some 60 µs of CPU and a
// wait for S3, for which a seventh of a vCPU (1769 MB make one: Lambda developer guide, "Configure Lambda function memory")
// is enough. Node and this bundle stay below 100 MB; what is kept is bounded.
const serveMemoryMegabytes: Setting<number> = {
  ...memory,
  fallback: 256,
  about: 'of the function that answers Nix, 128 to 10240',
};

// 500 part URLs are signed in one request: about 0.1 s on a full vCPU, 0.4 s here.
const publishMemoryMegabytes: Setting<number> = {
  ...memory,
  fallback: 512,
  about: 'of the one that takes publish operations',
};

const serveReservedConcurrency: Setting<number | undefined> = {
  ...accept.wholeNumber('function instances', 1, 10_000),
  fallback: undefined,
  about:
    "how many of the account's concurrent executions are kept for readers, who get no more; a new account has none to spare",
};

export const functionSettings = {
  channelMaxAgeSeconds,
  presignLifetimeSeconds,
  serveMemoryMegabytes,
  publishMemoryMegabytes,
  serveReservedConcurrency,
};

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

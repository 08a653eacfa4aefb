import type { BoundRule } from './bound-claims.ts';

/** Who may read, where not everybody may. Each source of keys is bound to rules of its own. */
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

/** Seconds. */
export const longestLeeway = 300;

/** The settings by their bare names: `JWT_PUBLIC_KEY_FILES` in an environment, `jwtPublicKeyFiles` in a CDK context. */
export const jwtSettingNames = [
  'publicKeyFiles',
  'keysAudience',
  'keysIssuer',
  'defaultScope',
  'issuer',
  'jwksUri',
  'audience',
  'boundClaims',
  'maxLifetimeDays',
  'leewaySeconds',
] as const;
export type JwtSettingName = (typeof jwtSettingNames)[number];

export interface JwtSettingsSource {
  /** Text, or from a CDK context what JSON gave; undefined where not set. */
  readonly value: (name: JwtSettingName) => unknown;
  /** The setting's name as its user wrote it. */
  readonly nameOf: (name: JwtSettingName) => string;
  readonly readFile: (path: string) => string;
}

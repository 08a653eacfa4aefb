import { BadSetting } from '../../lib/domain/bad-setting.ts';
import { type BoundRule, brokenRulesRule } from './bound-claims.ts';
import { readPem } from './public-key.ts';
import { isText } from './scope.ts';

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

const isLoopback = ({ hostname }: URL): boolean => ['localhost', '127.0.0.1', '[::1]'].includes(hostname);

export function parseJwtSettings(source: JwtSettingsSource): JwtSettings | undefined {
  const { nameOf } = source;
  const value = (name: JwtSettingName): unknown => (source.value(name) === '' ? undefined : source.value(name));
  const bad = (name: JwtSettingName, rule: string): BadSetting => new BadSetting(nameOf(name), rule);

  function listOf(name: JwtSettingName): readonly string[] | undefined {
    const given = value(name);
    const list = isText(given) ? given.split(',').map((item) => item.trim()) : given;
    if (list === undefined) return undefined;
    if (Array.isArray(list) && list.length > 0 && list.every((item) => isText(item) && item !== '')) return list;
    throw bad(name, 'must be a list, separated by commas, without empty entries');
  }

  function numberOf(name: JwtSettingName, least: number, most: number): number | undefined {
    const given = value(name);
    if (given === undefined) return undefined;
    const number = isText(given) && /^\d{1,6}$/.test(given) ? Number(given) : given;
    if (Number.isInteger(number) && (number as number) >= least && (number as number) <= most) return number as number;
    throw bad(name, `must be a whole number from ${least} to ${most}`);
  }

  function urlOf(name: JwtSettingName): string | undefined {
    const given = value(name);
    if (given === undefined) return undefined;
    const url = isText(given) && URL.canParse(given) ? new URL(given) : undefined;
    const isFit =
      url !== undefined &&
      (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url))) &&
      url.username === '' &&
      url.hash === '';
    if (!isFit) throw bad(name, 'must be an https:// URL without user and fragment');
    return given as string;
  }

  function read(name: JwtSettingName, path: string): string {
    try {
      return source.readFile(path);
    } catch (error) {
      throw bad(
        name,
        `names ${JSON.stringify(path)}, which cannot be read (${(error as { code?: string }).code ?? 'error'})`,
      );
    }
  }

  function pemsOf(): readonly string[] | undefined {
    return listOf('publicKeyFiles')?.map((path) => {
      const pem = read('publicKeyFiles', path);
      const found = readPem(pem);
      if ('rule' in found) throw bad('publicKeyFiles', `names ${JSON.stringify(path)}, which ${found.rule}`);
      return pem;
    });
  }

  function rulesOf(issuer: string): readonly BoundRule[] {
    const given = value('boundClaims');
    let rules = given;
    try {
      if (isText(given)) rules = JSON.parse(/^\s*\[/.test(given) ? given : read('boundClaims', given));
    } catch (error) {
      if (error instanceof BadSetting) throw error;
      throw bad('boundClaims', 'is not JSON');
    }
    const broken = brokenRulesRule(rules, issuer);
    if (broken !== undefined) throw bad('boundClaims', broken);
    return rules as readonly BoundRule[];
  }

  function issuerOf(audience: readonly string[] | undefined): JwtSettings['issuer'] {
    const issuer = urlOf('issuer');
    const jwksUri = urlOf('jwksUri');
    if (issuer === undefined) {
      for (const name of ['jwksUri', 'boundClaims'] as const) {
        if (value(name) !== undefined) throw bad(name, `is set without ${nameOf('issuer')}, whose tokens it is about`);
      }
      return undefined;
    }
    const anybody = 'anybody may get a token from an issuer';
    if (audience === undefined)
      throw bad('audience', `must be set where ${nameOf('issuer')} is: ${anybody}, for other services`);
    if (value('boundClaims') === undefined)
      throw bad('boundClaims', `must be set where ${nameOf('issuer')} is: ${anybody}, so rules say whose are taken`);
    return { issuer, audience, rules: rulesOf(issuer), ...(jwksUri === undefined ? {} : { jwksUri }) };
  }

  function keysOf(audience: readonly string[] | undefined, other: string | undefined): JwtSettings['keys'] {
    const pems = pemsOf();
    if (pems === undefined) {
      for (const name of ['keysAudience', 'keysIssuer', 'defaultScope'] as const) {
        if (value(name) !== undefined)
          throw bad(name, `is set without ${nameOf('publicKeyFiles')}, whose tokens it is about`);
      }
      return undefined;
    }
    const defaultScope = value('defaultScope') ?? 'all';
    if (defaultScope !== 'all' && defaultScope !== 'none') throw bad('defaultScope', 'must be "all" or "none"');
    const [issuer, ...more] = listOf('keysIssuer') ?? [];
    if (more.length > 0) throw bad('keysIssuer', 'must be one issuer');
    if (issuer !== undefined && issuer === other)
      throw bad(
        'keysIssuer',
        `must not be ${nameOf('issuer')}: its tokens are checked with the keys that it publishes alone`,
      );
    const own = listOf('keysAudience') ?? audience;
    return {
      pems,
      defaultScope,
      ...(own === undefined || (own.length === 1 && own[0] === 'any') ? {} : { audience: own }),
      ...(issuer === undefined ? {} : { issuer }),
    };
  }

  const set = jwtSettingNames.find((name) => value(name) !== undefined);
  if (set === undefined) return undefined;
  const audience = listOf('audience');
  const issuer = issuerOf(audience);
  const keys = keysOf(audience, issuer?.issuer);
  if (issuer === undefined && keys === undefined)
    throw bad(set, `is set, but neither ${nameOf('publicKeyFiles')} nor ${nameOf('issuer')}: nobody could read`);
  const maxLifetimeDays = numberOf('maxLifetimeDays', 1, 36_500);
  return {
    ...(keys === undefined ? {} : { keys }),
    ...(issuer === undefined ? {} : { issuer }),
    leewaySeconds: numberOf('leewaySeconds', 0, 300) ?? 30,
    ...(maxLifetimeDays === undefined ? {} : { maxLifetimeDays }),
  };
}

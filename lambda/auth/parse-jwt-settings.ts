import { isText } from '../../lib/domain/names.ts';
import { BadSetting } from '../../lib/domain/problem.ts';
import {
  type JwtSettingName,
  type JwtSettings,
  type JwtSettingsSource,
  jwtSettingNames,
  longestLeeway,
} from './jwt-settings.ts';
import { readPem } from './public-key.ts';
import { type BoundRule, brokenRulesRule } from './scope.ts';

const isLoopback = ({ hostname }: URL): boolean => ['localhost', '127.0.0.1', '[::1]'].includes(hostname);

const isFit = (url: URL): boolean =>
  (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url))) &&
  url.username === '' &&
  url.hash === '';

/** Settings one by one: undefined where not set, and BadSetting, under the name that its user wrote, where not of the form. */
class JwtSettingValues {
  readonly #source: JwtSettingsSource;

  constructor(source: JwtSettingsSource) {
    this.#source = source;
  }

  /** An empty text is refused: it may be a variable that was not set, and what it was to close would be open. */
  any(name: JwtSettingName): unknown {
    const value = this.#source.value(name);
    if (value === '') throw this.bad(name, 'is empty: give it a value, or leave it out');
    return value;
  }

  nameOf(name: JwtSettingName): string {
    return this.#source.nameOf(name);
  }

  /** @param rule completes a sentence that begins with the name of the setting */
  bad(name: JwtSettingName, rule: string): BadSetting {
    return new BadSetting(this.nameOf(name), rule);
  }

  list(name: JwtSettingName): readonly string[] | undefined {
    const given = this.any(name);
    const list = isText(given) ? given.split(',').map((item) => item.trim()) : given;
    if (list === undefined) return undefined;
    if (Array.isArray(list) && list.length > 0 && list.every((item) => isText(item) && item !== '')) return list;
    throw this.bad(name, 'must be a list, separated by commas, without empty entries');
  }

  wholeNumber(name: JwtSettingName, least: number, most: number): number | undefined {
    const given = this.any(name);
    if (given === undefined) return undefined;
    const number = isText(given) && /^\d{1,6}$/.test(given) ? Number(given) : given;
    if (typeof number === 'number' && Number.isInteger(number) && number >= least && number <= most) return number;
    throw this.bad(name, `must be a whole number from ${least} to ${most}`);
  }

  url(name: JwtSettingName): string | undefined {
    const given = this.any(name);
    if (given === undefined) return undefined;
    if (isText(given) && URL.canParse(given) && isFit(new URL(given))) return given;
    throw this.bad(name, 'must be an https:// URL without user and fragment');
  }

  /** The text of a file that the setting names. */
  file(name: JwtSettingName, path: string): string {
    try {
      return this.#source.readFile(path);
    } catch (error) {
      const code = (error as { code?: string }).code ?? 'error';
      throw this.bad(name, `names ${JSON.stringify(path)}, which cannot be read (${code})`);
    }
  }

  /** JSON that the setting holds, as a value or as text that begins with `[`, or that the file holds which it names. */
  jsonList(name: JwtSettingName): unknown {
    const given = this.any(name);
    if (!isText(given)) return given;
    const text = /^\s*\[/.test(given) ? given : this.file(name, given);
    try {
      return JSON.parse(text);
    } catch {
      throw this.bad(name, 'is not JSON');
    }
  }

  /** Throws for the first of these that is set, where what they belong to is not. */
  refuseWithout(needed: JwtSettingName, names: readonly JwtSettingName[]): void {
    const idle = names.find((name) => this.any(name) !== undefined);
    if (idle !== undefined) throw this.bad(idle, `is set without ${this.nameOf(needed)}, whose tokens it is about`);
  }
}

const pemsOf = (values: JwtSettingValues): readonly string[] | undefined =>
  values.list('publicKeyFiles')?.map((path) => {
    const pem = values.file('publicKeyFiles', path);
    const found = readPem(pem);
    if ('rule' in found) throw values.bad('publicKeyFiles', `names ${JSON.stringify(path)}, which ${found.rule}`);
    return pem;
  });

function rulesOf(values: JwtSettingValues, issuer: string): readonly BoundRule[] {
  const rules = values.jsonList('boundClaims');
  const broken = brokenRulesRule(rules, issuer);
  if (broken !== undefined) throw values.bad('boundClaims', broken);
  return rules as readonly BoundRule[];
}

function issuerOf(values: JwtSettingValues, audience: readonly string[] | undefined): JwtSettings['issuer'] {
  const issuer = values.url('issuer');
  const jwksUri = values.url('jwksUri');
  if (issuer === undefined) {
    values.refuseWithout('issuer', ['jwksUri', 'boundClaims']);
    return undefined;
  }
  const reason = `must be set where ${values.nameOf('issuer')} is: anybody may get a token from an issuer`;
  if (audience === undefined) throw values.bad('audience', `${reason}, for other services`);
  if (values.any('boundClaims') === undefined)
    throw values.bad('boundClaims', `${reason}, so rules say whose are taken`);
  return { issuer, audience, rules: rulesOf(values, issuer), ...(jwksUri === undefined ? {} : { jwksUri }) };
}

function ownIssuer(values: JwtSettingValues, jwksIssuer: string | undefined): string | undefined {
  const [issuer, ...more] = values.list('keysIssuer') ?? [];
  if (more.length > 0) throw values.bad('keysIssuer', 'must be one issuer');
  if (issuer !== undefined && issuer === jwksIssuer)
    throw values.bad(
      'keysIssuer',
      `must not be ${values.nameOf('issuer')}: its tokens are checked with the keys that it publishes alone`,
    );
  return issuer;
}

function keysOf(
  values: JwtSettingValues,
  audience: readonly string[] | undefined,
  jwksIssuer: string | undefined,
): JwtSettings['keys'] {
  const pems = pemsOf(values);
  if (pems === undefined) {
    values.refuseWithout('publicKeyFiles', ['keysAudience', 'keysIssuer', 'defaultScope']);
    return undefined;
  }
  const defaultScope = values.any('defaultScope') ?? 'all';
  if (defaultScope !== 'all' && defaultScope !== 'none') throw values.bad('defaultScope', 'must be "all" or "none"');
  const issuer = ownIssuer(values, jwksIssuer);
  const own = values.list('keysAudience');
  const expected = own?.length === 1 && own[0] === 'any' ? undefined : (own ?? audience);
  return {
    pems,
    defaultScope,
    ...(expected === undefined ? {} : { audience: expected }),
    ...(issuer === undefined ? {} : { issuer }),
  };
}

/** Undefined where none is set: everybody may read. Throws BadSetting for the first one that is wrong. */
export function parseJwtSettings(source: JwtSettingsSource): JwtSettings | undefined {
  const values = new JwtSettingValues(source);
  const set = jwtSettingNames.find((name) => values.any(name) !== undefined);
  if (set === undefined) return undefined;
  const audience = values.list('audience');
  const issuer = issuerOf(values, audience);
  const keys = keysOf(values, audience, issuer?.issuer);
  if (issuer === undefined && keys === undefined)
    throw values.bad(
      set,
      `is set, but neither ${values.nameOf('publicKeyFiles')} nor ${values.nameOf('issuer')}: nobody could read`,
    );
  const maxLifetimeDays = values.wholeNumber('maxLifetimeDays', 1, 36_500);
  return {
    ...(keys === undefined ? {} : { keys }),
    ...(issuer === undefined ? {} : { issuer }),
    leewaySeconds: values.wholeNumber('leewaySeconds', 0, longestLeeway) ?? 30,
    ...(maxLifetimeDays === undefined ? {} : { maxLifetimeDays }),
  };
}

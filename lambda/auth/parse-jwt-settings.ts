import { type BoundRule, brokenRulesRule } from './bound-claims.ts';
import { JwtSettingValues } from './jwt-setting-values.ts';
import { type JwtSettings, type JwtSettingsSource, jwtSettingNames, longestLeeway } from './jwt-settings.ts';
import { readPem } from './public-key.ts';

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

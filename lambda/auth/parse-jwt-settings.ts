import * as z from 'zod';
import { isText } from '../../lib/domain/names.ts';
import { BadSetting } from '../../lib/domain/problem.ts';
import { isLoopback } from '../../lib/domain/urls.ts';
import { list, oneOf, parseSettings, wholeNumber } from '../http/setting-kinds.ts';
import { type JwtSettings, maxLeewaySeconds } from './jwt-settings.ts';
import { readPem } from './public-key.ts';
import { type BoundRule, brokenRulesRule } from './scope.ts';

const isFit = (url: URL): boolean =>
  (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url))) &&
  url.username === '' &&
  url.hash === '';

const issuerUrl = z
  .string()
  .refine((text) => URL.canParse(text) && isFit(new URL(text)))
  .meta({ accepted: 'an https:// URL without user and fragment' });

/**
 * The settings by their bare names: `publicKeyFiles` is `jwtPublicKeyFiles` in a CDK context and `JWT_PUBLIC_KEY_FILES` in an
 * environment. Descriptions use the names of the context.
 */
export const jwtShape = {
  publicKeyFiles: list().optional().meta({
    description: 'PEM files of public keys (RSA with at least 2048 bits, P-256, Ed25519) whose tokens may read',
    shownDefault: 'none: everybody may read',
  }),
  keysAudience: list().optional().meta({
    description: 'the `aud` that tokens of these keys must have, instead of `jwtAudience`; `any` accepts every `aud`',
    shownDefault: '`jwtAudience`',
  }),
  keysIssuer: list()
    .pipe(z.tuple([z.string()]))
    .transform(([issuer]) => issuer)
    .meta({ accepted: 'one issuer' })
    .optional()
    .meta({
      description: 'the `iss` that tokens of these keys must have',
      shownDefault: 'any',
    }),
  defaultScope: oneOf(['all', 'none']).default('all').meta({
    description: 'what a token of these keys may read if it has no `channels` claim',
  }),
  issuer: issuerUrl.optional().meta({
    description: 'an OIDC issuer whose tokens may read what `jwtBoundClaims` gives them',
  }),
  jwksUri: issuerUrl.optional().meta({
    description: 'where the issuer publishes its keys',
    shownDefault: "from the issuer's discovery document",
  }),
  audience: list().optional().meta({
    description: 'the `aud` that tokens must have, one of these; required with `jwtIssuer`',
    shownDefault: 'any',
  }),
  boundClaims: z.unknown().optional().meta({
    description:
      'which claims of the issuer give access to which channels: [private-channels.md](private-channels.md#tokens-of-ci-without-a-secret)',
    shownAccepted:
      'the path of a JSON file, or its content: a list of {"claims": {CLAIM: VALUE}, "channels": [CHANNEL]}',
  }),
  maxLifetimeDays: wholeNumber(1, 36_500, 'days').optional().meta({
    description: 'tokens that are valid for longer are refused',
    shownDefault: 'any lifetime',
  }),
  leewaySeconds: wholeNumber(0, maxLeewaySeconds, 'seconds').default(30).meta({
    description: 'by how much clocks may differ',
  }),
};

export type JwtSettingName = keyof typeof jwtShape;
export const jwtSettingNames = Object.keys(jwtShape) as readonly JwtSettingName[];

type Settings = z.infer<z.ZodObject<typeof jwtShape>>;

interface JwtSettingsSource {
  /** Text, or from a CDK context what JSON gave; undefined where not set. */
  readonly value: (name: JwtSettingName) => unknown;
  /** The setting's name as its user wrote it. */
  readonly nameOf: (name: JwtSettingName) => string;
  readonly readFile: (path: string) => string;
}

interface Given extends Settings, Omit<JwtSettingsSource, 'value'> {
  /** Those that are set. */
  readonly names: readonly JwtSettingName[];
  /** @param rule completes a sentence that begins with the name of the setting */
  readonly bad: (name: JwtSettingName, rule: string) => BadSetting;
}

/** Throws for the first of these that is set, where what they belong to is not. */
function refuseWithout({ names, nameOf, bad }: Given, needed: JwtSettingName, unused: readonly JwtSettingName[]): void {
  const name = unused.find((one) => names.includes(one));
  if (name !== undefined) throw bad(name, `is set without ${nameOf(needed)}, whose tokens it applies to`);
}

/** The text of a file that the setting names. */
function readNamedFile({ readFile, bad }: Given, name: JwtSettingName, path: string): string {
  try {
    return readFile(path);
  } catch (error) {
    const code = (error as { code?: string }).code ?? 'error';
    throw bad(name, `names ${JSON.stringify(path)}, which cannot be read (${code})`);
  }
}

/** JSON that the setting holds, as a value or as text that begins with `[`, or that is in the file that it names. */
function readRules(given: Given, issuer: string): readonly BoundRule[] {
  let rules = given.boundClaims;
  if (isText(rules)) {
    const text = /^\s*\[/.test(rules) ? rules : readNamedFile(given, 'boundClaims', rules);
    try {
      rules = JSON.parse(text);
    } catch {
      throw given.bad('boundClaims', 'is not JSON');
    }
  }
  const broken = brokenRulesRule(rules, issuer);
  if (broken !== undefined) throw given.bad('boundClaims', broken);
  return rules as readonly BoundRule[];
}

function issuerOf(given: Given): JwtSettings['issuer'] {
  const { issuer, jwksUri, audience, boundClaims, nameOf, bad } = given;
  if (issuer === undefined) {
    refuseWithout(given, 'issuer', ['jwksUri', 'boundClaims']);
    return undefined;
  }
  const reason = `must be set where ${nameOf('issuer')} is: anybody can get a token from an issuer`;
  if (audience === undefined) throw bad('audience', `${reason}, for other services`);
  if (boundClaims === undefined) throw bad('boundClaims', `${reason}, so rules say whose are accepted`);
  return { issuer, audience, rules: readRules(given, issuer), ...(jwksUri === undefined ? {} : { jwksUri }) };
}

function readPems(given: Given, paths: readonly string[]): readonly string[] {
  return paths.map((path) => {
    const pem = readNamedFile(given, 'publicKeyFiles', path);
    const found = readPem(pem);
    if ('rule' in found) throw given.bad('publicKeyFiles', `names ${JSON.stringify(path)}, which ${found.rule}`);
    return pem;
  });
}

function keysOf(given: Given): JwtSettings['keys'] {
  const { publicKeyFiles, keysAudience, keysIssuer, defaultScope, audience, issuer, nameOf, bad } = given;
  if (publicKeyFiles === undefined) {
    refuseWithout(given, 'publicKeyFiles', ['keysAudience', 'keysIssuer', 'defaultScope']);
    return undefined;
  }
  const pems = readPems(given, publicKeyFiles);
  if (keysIssuer !== undefined && keysIssuer === issuer)
    throw bad(
      'keysIssuer',
      `must not be ${nameOf('issuer')}: tokens of that issuer are checked only with the keys that it publishes`,
    );
  const expected = keysAudience?.join() === 'any' ? undefined : (keysAudience ?? audience);
  return {
    pems,
    defaultScope,
    ...(expected === undefined ? {} : { audience: expected }),
    ...(keysIssuer === undefined ? {} : { issuer: keysIssuer }),
  };
}

/** Undefined where none is set: everybody may read. @throws BadSetting for the first one that is wrong */
export function parseJwtSettings({ value, nameOf, readFile }: JwtSettingsSource): JwtSettings | undefined {
  const names = jwtSettingNames.filter((name) => value(name) !== undefined);
  const [first] = names;
  if (first === undefined) return undefined;
  const bad = (name: JwtSettingName, rule: string): BadSetting => new BadSetting(nameOf(name), rule);
  // It may come from a variable that was not set: what was to be private would be open to everybody.
  const empty = names.find((name) => value(name) === '');
  if (empty !== undefined) throw bad(empty, 'is empty: give it a value, or leave it out');

  const values = Object.fromEntries(names.map((name) => [name, value(name)]));
  const settings = parseSettings(jwtShape, values, (name) => nameOf(name as JwtSettingName));
  const given: Given = { ...settings, names, nameOf, readFile, bad };
  const issuer = issuerOf(given);
  const keys = keysOf(given);
  if (issuer === undefined && keys === undefined)
    throw bad(first, `is set, but neither ${nameOf('publicKeyFiles')} nor ${nameOf('issuer')} is: nobody could read`);
  const { leewaySeconds, maxLifetimeDays } = settings;
  return {
    ...(keys === undefined ? {} : { keys }),
    ...(issuer === undefined ? {} : { issuer }),
    leewaySeconds,
    ...(maxLifetimeDays === undefined ? {} : { maxLifetimeDays }),
  };
}

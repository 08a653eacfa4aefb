import { brokenGlobRule, isObject, isText, matchesGlob } from '../../lib/domain/names.ts';
import type { Problem } from '../../lib/domain/problem.ts';

/** The channels that a token gives: all there ever were, or those that match a name or glob. */
export type Scope = 'all' | readonly string[];

/** The `channels` claim, or what stands for it where a token has none. Undefined: the claim is of another form. */
export function claimedScope(claim: unknown, fallback: 'all' | 'none'): Scope | undefined {
  if (claim === undefined) return fallback === 'all' ? 'all' : [];
  return Array.isArray(claim) && claim.every(isText) ? claim : undefined;
}

/** The caller: with a good token, or refused, and why. */
export type Caller = { readonly scope: Scope } | { readonly refusal: Problem };

/** Identifies callers. Absent where everybody may read everything. */
export interface Access {
  /** Rejects only for a defect: a refusal is an answer, 401 or 503. */
  readonly authenticate: (authorization: string | undefined) => Promise<Caller>;
  /** Loads keys and deny list. Rejects where that fails. */
  readonly warm: () => Promise<void>;
}

type Scalar = string | number | boolean;

/** A claim must have this value, one of these values, or match this glob. */
type Bound = Scalar | readonly Scalar[] | { readonly glob: string };

/** A token with all of the claims may read the channels. */
export interface BoundRule {
  readonly claims: Readonly<Record<string, Bound>>;
  readonly channels: Scope;
}

/**
 * Names can be given up and registered by somebody else; these claims cannot. By the host of the issuer: GitHub docs, "OpenID
 * Connect reference"; GitLab docs, "OpenID Connect (OIDC) authentication using ID tokens".
 */
const immutableClaims: Readonly<Record<string, readonly string[]>> = {
  'token.actions.githubusercontent.com': ['repository_id', 'repository_owner_id', 'enterprise_id'],
  'gitlab.com': ['project_id', 'namespace_id'],
};

/** A number that is no safe integer may stand for its neighbour as well. */
const isScalar = (value: unknown): value is Scalar =>
  typeof value === 'number' ? Number.isSafeInteger(value) : typeof value === 'string' || typeof value === 'boolean';

export function isBound(value: unknown): value is Bound {
  if (isScalar(value)) return true;
  if (Array.isArray(value)) return value.length > 0 && value.every(isScalar);
  return isObject(value) && Object.keys(value).length === 1 && isText(value.glob) && /[^*]/.test(value.glob);
}

function brokenChannelsRule(channels: unknown): string | undefined {
  if (channels === 'all') return undefined;
  if (!Array.isArray(channels) || channels.length === 0 || !channels.every(isText))
    return 'needs "channels": a list of names and globs, or "all"';
  const broken = channels.map((glob) => [glob, brokenGlobRule(glob)] as const).find(([, rule]) => rule !== undefined);
  return broken === undefined ? undefined : `has the channel ${JSON.stringify(broken[0])}, which ${broken[1]}`;
}

/** The rule that a list of bound-claim rules breaks, as the end of a sentence, or undefined. */
export function brokenRulesRule(rules: unknown, issuer: string): string | undefined {
  if (!Array.isArray(rules) || rules.length === 0)
    return 'must be a list of at least one rule such as {"claims": {"repository_owner_id": "123"}, "channels": ["nixos-*"]}';
  const immutable = URL.canParse(issuer) ? immutableClaims[new URL(issuer).hostname] : undefined;
  for (const [index, rule] of rules.entries()) {
    const own = (text: string): string => `is wrong: rule ${index + 1} ${text}`;
    if (!isObject(rule)) return own('is not an object');
    const unknown = Object.keys(rule).find((key) => key !== 'claims' && key !== 'channels');
    if (unknown !== undefined) return own(`has ${JSON.stringify(unknown)}, but takes "claims" and "channels" alone`);
    const claims = isObject(rule.claims) ? Object.entries(rule.claims) : [];
    if (claims.length === 0) return own('needs "claims": an object of at least one claim and its value');
    const wrong = claims.find(([, bound]) => !isBound(bound));
    if (wrong !== undefined)
      return own(
        `has a bound for ${JSON.stringify(wrong[0])} that is not a value, a list of values or {"glob": "…"} with more than "*"`,
      );
    if (immutable !== undefined && !claims.some(([name, bound]) => immutable.includes(name) && !isObject(bound)))
      return own(`binds names alone, which somebody else may register one day: bind ${immutable.join(' or ')} too`);
    const broken = brokenChannelsRule(rule.channels);
    if (broken !== undefined) return own(broken);
  }
  return undefined;
}

/** Ids stand as numbers with some issuers and as text with others. */
const isSame = (claim: unknown, value: Scalar): boolean => isScalar(claim) && String(claim) === String(value);

function fulfils(claim: unknown, bound: Bound): boolean {
  if (Array.isArray(claim)) return claim.some((one) => !Array.isArray(one) && fulfils(one, bound));
  if (isObject(bound)) return isText(claim) && matchesGlob((bound as { glob: string }).glob, claim);
  return Array.isArray(bound) ? bound.some((value) => isSame(claim, value)) : isSame(claim, bound as Scalar);
}

/** All that the rules give to a token with these claims; nothing where none fits. */
export function boundScope(rules: readonly BoundRule[], payload: Readonly<Record<string, unknown>>): Scope {
  const fitting = rules.filter(({ claims }) =>
    Object.entries(claims).every(([name, bound]) => Object.hasOwn(payload, name) && fulfils(payload[name], bound)),
  );
  if (fitting.some(({ channels }) => channels === 'all')) return 'all';
  return fitting.flatMap(({ channels }) => channels as readonly string[]);
}

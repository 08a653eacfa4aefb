import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { BadSetting } from '../domain/bad-setting.ts';
import { parseBaseUrl } from '../domain/urls.ts';

/** What a deployment may choose, each by CDK context: `-c baseUrl=https://…` or a key of `context` in cdk.json. */
export interface StackSettings {
  readonly stackName: string;
  readonly baseUrl: string | undefined;
  readonly s3Endpoint: string | undefined;
  readonly channelMaxAgeSeconds: number;
  readonly logRetentionDays: number;
  readonly breakGlassRoleName: string;
}

interface Rule<T> {
  readonly accepted: string;
  readonly fallback: T;
  /** Undefined when the value is not of the accepted form. */
  readonly parse: (value: unknown) => T | undefined;
}

// CloudWatch Logs takes these numbers of days and no others; "never expires" is not among them here.
const retentionDays = Object.values(RetentionDays)
  .filter((days) => typeof days === 'number' && days !== RetentionDays.INFINITE)
  .sort((a, b) => Number(a) - Number(b)) as readonly number[];

const matching = (pattern: RegExp) => (value: unknown) =>
  typeof value === 'string' && pattern.test(value) ? value : undefined;

/** The command line gives text, cdk.json may give numbers. */
function wholeNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isInteger(value) ? value : undefined;
  return typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : undefined;
}

const ifTrue = <T>(value: T | undefined, test: (value: T) => boolean): T | undefined =>
  value !== undefined && test(value) ? value : undefined;

const httpsUrl = (value: unknown): string | undefined =>
  ifTrue(typeof value === 'string' ? parseBaseUrl(value) : undefined, (url) => url.startsWith('https://'));

const rules: { readonly [Key in keyof StackSettings]: Rule<StackSettings[Key]> } = {
  stackName: {
    accepted: '1–128 letters, digits and hyphens that begin with a letter',
    fallback: 'NixChannelStack',
    parse: matching(/^[A-Za-z][A-Za-z0-9-]{0,127}$/),
  },
  baseUrl: {
    accepted: 'an https:// URL without user, query and fragment, such as https://channels.example.org',
    fallback: undefined,
    parse: httpsUrl,
  },
  // Readers are sent to presigned URLs at this endpoint, and the functions send it their session token.
  s3Endpoint: {
    accepted:
      'an https:// origin without a path, such as https://s3.dualstack.eu-central-1.amazonaws.com; http:// is refused',
    fallback: undefined,
    parse: (value) => ifTrue(httpsUrl(value), (url) => url === new URL(url).origin),
  },
  channelMaxAgeSeconds: {
    accepted: 'a whole number of seconds from 0 to 3600',
    fallback: 30,
    parse: (value) => ifTrue(wholeNumber(value), (seconds) => seconds >= 0 && seconds <= 3600),
  },
  logRetentionDays: {
    accepted: `one of ${retentionDays.join(', ')}`,
    fallback: 90,
    parse: (value) => ifTrue(wholeNumber(value), (days) => retentionDays.includes(days)),
  },
  // With its path, where it has one: roles of IAM Identity Center do. No wildcards: the policy compares with ArnNotLike.
  breakGlassRoleName: {
    accepted: 'the name of a role in this account, with its path if it has one',
    fallback: 'nix-channel-break-glass',
    parse: matching(/^(?:[\w+=,.@-]{1,128}\/){0,8}[\w+=,.@-]{1,64}$/),
  },
};

/**
 * @param context everything in the app's context. The CDK's own keys contain `@`, `:` or a hyphen, so a plain word is one of
 *   ours, and a misspelt one is refused rather than ignored.
 * @throws BadSetting
 */
export function parseStackSettings(context: Readonly<Record<string, unknown>>): StackSettings {
  const known = Object.keys(rules);
  const unknown = Object.keys(context).find((key) => /^\w+$/.test(key) && !known.includes(key));
  if (unknown !== undefined) throw new BadSetting(`There is no setting ${unknown}.`, `There are: ${known.join(', ')}`);
  const entries = Object.entries<Rule<unknown>>(rules).map(([key, rule]) => {
    const value = context[key];
    if (value === undefined) return [key, rule.fallback] as const;
    const parsed = rule.parse(value);
    if (parsed !== undefined) return [key, parsed] as const;
    throw new BadSetting(`The setting ${key}`, `must be ${rule.accepted}. It is ${JSON.stringify(value)}`);
  });
  return Object.fromEntries(entries) as unknown as StackSettings;
}

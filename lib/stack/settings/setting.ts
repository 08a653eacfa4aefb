import { parseBaseUrl } from '../../domain/urls.ts';

/** One thing that a deployment may choose by CDK context: `-c name=value`, or a key of `context` in cdk.json. */
export interface Setting<T> {
  /** Completes "must be …" for whoever gave another value. */
  readonly accepted: string;
  readonly fallback: T;
  /** Undefined when the value is not of the accepted form. The command line gives text, cdk.json numbers and objects too. */
  readonly parse: (value: unknown) => Exclude<T, undefined> | undefined;
  /** What the README's table says of it. */
  readonly about: string;
  /** What that table calls the default, where `fallback` does not say it. */
  readonly standard?: string;
}

/** biome-ignore lint/suspicious/noExplicitAny: a setting of whatever type; `unknown` would not take `parse` */
export type SettingGroup = Readonly<Record<string, Setting<any>>>;

export type Parsed<Group extends SettingGroup> = {
  readonly [Name in keyof Group]: Group[Name] extends Setting<infer T> ? T : never;
};

/** An accepted form in words, and its parser: two fields of a `Setting`. */
interface Accepted<T> {
  readonly accepted: string;
  readonly parse: (value: unknown) => T | undefined;
}

const ifTrue = <T>(value: T | undefined, test: (value: T) => boolean): T | undefined =>
  value !== undefined && test(value) ? value : undefined;

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

function wholeNumberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isInteger(value) ? value : undefined;
  return typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : undefined;
}

/** Characters: it stands in every lock, and in a function's environment. */
const longestUrl = 255;

const httpsUrlOf = (value: unknown): string | undefined =>
  ifTrue(
    typeof value === 'string' ? parseBaseUrl(value) : undefined,
    (url) => url.startsWith('https://') && url.length <= longestUrl,
  );

/** Forms that several settings share. */
export const accept = {
  matching: (pattern: RegExp, accepted: string): Accepted<string> => ({
    accepted,
    parse: (value) => ifTrue(text(value), (given) => pattern.test(given)),
  }),
  oneOf: <const Word extends string>(...words: readonly Word[]): Accepted<Word> => ({
    accepted: `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`,
    parse: (value) => words.find((word) => word === value),
  }),
  wholeNumber: (unit: string, least: number, most: number): Accepted<number> => ({
    accepted: `a whole number of ${unit} from ${least} to ${most}`,
    parse: (value) => ifTrue(wholeNumberOf(value), (number) => number >= least && number <= most),
  }),
  numberAmong: (numbers: readonly number[]): Accepted<number> => ({
    accepted: `one of ${numbers.join(', ')}`,
    parse: (value) => ifTrue(wholeNumberOf(value), (number) => numbers.includes(number)),
  }),
  httpsUrl: (accepted: string): Accepted<string> => ({ accepted, parse: httpsUrlOf }),
  httpsOrigin: (accepted: string): Accepted<string> => ({
    accepted,
    parse: (value) => ifTrue(httpsUrlOf(value), (url) => url === new URL(url).origin),
  }),
  /** A nested value: as it stands in cdk.json, or as JSON text after `-c`. `read` says undefined of another form. */
  nested: <T>(accepted: string, read: (value: unknown) => T | undefined): Accepted<T> => ({
    accepted,
    parse: (value) => {
      if (typeof value !== 'string') return read(value);
      try {
        return read(JSON.parse(value));
      } catch {
        return undefined;
      }
    },
  }),
} as const;

import type { AwsCredentialIdentityProvider } from '@smithy/types';
import { type Command, InvalidArgumentError } from 'commander';
import { ChannelApi } from '../api/channel-api.ts';
import { type ApiFlags, findApi } from '../api/find-api.ts';
import type { Send } from '../api/http.ts';
import type { WhenInterrupted } from '../api/retry.ts';
import { escapeControls, escapeDeep } from '../text.ts';

/** Everything that the command touches beside its arguments. */
export interface ProgramOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Standard input; nothing comes in without. */
  readonly stdin?: AsyncIterable<Uint8Array | string> & {
    readonly isTTY?: boolean;
    readonly setRawMode?: (on: boolean) => unknown;
  };
  /** Whether `err` is a terminal that progress may be drawn on. */
  readonly terminal: boolean;
  /** How wide it is now. */
  readonly columns?: () => number | undefined;
  readonly credentials: (flags: Pick<ApiFlags, 'profile' | 'region'>) => AwsCredentialIdentityProvider;
  readonly send: Send;
  readonly sleep: (duration: number) => Promise<void>;
  readonly now: () => number;
  readonly whenInterrupted?: WhenInterrupted;
  /** A random id for this run. */
  readonly operation: () => string;
}

/** The options that every subcommand has. */
export interface Globals extends ApiFlags {
  readonly json?: boolean;
}

/** Of every subcommand that changes something. */
export const dryRunOption = ['--dry-run', 'say what would be done, and change nothing'] as const;

/** Adds a subcommand to the program. */
export type AddCommand = (program: Command, options: ProgramOptions) => void;

export async function connect(options: ProgramOptions, flags: Globals): Promise<ChannelApi> {
  const { environment, send, sleep, now, whenInterrupted } = options;
  const credentials = options.credentials(flags);
  const ask = { credentials, send, sleep, now, note: noteTo(options) };
  const { url, region } = await findApi({ environment, ...ask }, flags);
  return new ChannelApi({ url, region, ...ask, whenInterrupted });
}

/** Says something beside the answer; what is drawn on a terminal gives way to it. */
export const noteTo =
  ({ err, terminal }: Pick<ProgramOptions, 'err' | 'terminal'>) =>
  (sentence: string): void =>
    err(`${terminal ? '\r\x1b[K' : ''}${escapeControls(sentence)}\n`);

/** @param text what people read, made of the value after nothing in it can control a terminal */
export const print = <Value>(
  { out }: ProgramOptions,
  { json }: Globals,
  value: Value,
  text: string | ((value: Value) => string),
): void =>
  out(`${json === true ? JSON.stringify(value) : typeof text === 'string' ? text : text(escapeDeep(value))}\n`);

export const would = (dryRun: boolean | undefined): string => (dryRun === true ? 'dry run, nothing was changed: ' : '');

export const soon =
  'Readers see it within the API\'s maximum age, 30 s by default. Nix asks again after an hour, or at once with "nix flake update" or --refresh.';

const byteUnits: Readonly<Record<string, number>> = {
  '': 1,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
  TiB: 1024 ** 4,
};

/** A number of bytes as an option's value: `1GiB`, `500MiB` or a plain number. */
export function byteSize(text: string): number {
  const [, digits = '', unit = ''] = /^(\d{1,15})(|KiB|MiB|GiB|TiB)$/.exec(text) ?? [];
  const size = Number(digits) * (byteUnits[unit] ?? 0);
  if (digits === '' || size === 0 || !Number.isSafeInteger(size))
    throw new InvalidArgumentError('It must be a size such as 1GiB, 500MiB or a number of bytes.');
  return size;
}

/** A whole number that is not negative, as an option's value. */
export function count(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('It must be a whole number that is not negative.');
  return Number(text);
}

/** Seconds. */
export const day = 86_400;
/** Days that a token is good for at most, and that a duration may put off the end of what denies one. */
export const maxDays = 3_650;

const units: Readonly<Record<string, number>> = { m: 60, h: 3_600, d: day };

/** A duration as an option's value, `3d`, `12h` or `90m`, in seconds. */
export function duration(text: string): number {
  const [, digits = '', unit = ''] = /^(\d{1,6})([mhd])$/.exec(text) ?? [];
  const seconds = Number(digits) * (units[unit] ?? 0);
  if (seconds === 0) throw new InvalidArgumentError('It must be a duration such as 3d, 12h or 90m.');
  return seconds;
}

/** Several values of one option: given again, or joined by commas. */
export const listOf = (text: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  ...text.split(','),
];

const dayForm = /^\d{4}-\d\d-\d\d$/;
/** RFC 3339, section 5.6. */
const dayAndTime = /^(\d{4}-\d\d-\d\d)T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)$/i;

/** Whether the calendar has the day: Date.parse takes 30 February for 2 March. */
const exists = (text: string): boolean => {
  const time = Date.parse(text);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
};

/** A point in time as an option's value, in seconds since 1970: a day, which begins at midnight UTC, or a time with its zone. */
export function moment(text: string): number {
  const date = dayForm.test(text) ? text : dayAndTime.exec(text)?.[1];
  const time = Date.parse(text);
  if (date === undefined || !exists(date) || Number.isNaN(time))
    throw new InvalidArgumentError(
      'It must be a day such as 2026-12-31, or a time with its zone such as 2026-12-31T18:00:00Z.',
    );
  return Math.floor(time / 1_000);
}

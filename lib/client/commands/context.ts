import type { AwsCredentialIdentityProvider } from '@smithy/types';
import { type Command, InvalidArgumentError } from 'commander';
import { escapeControls } from '../../domain/names.ts';
import type { ChannelApi } from '../api/channel-api.ts';
import type { ApiFlags } from '../api/find-api.ts';
import type { Send, WhenInterrupted } from '../api/http.ts';
import { UsageError } from '../exit-codes.ts';
import { createProgress, escapeDeep, type Progress } from '../text.ts';

/** The world outside of the command, apart from its arguments. */
export interface ProgramOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Standard input; empty if absent. */
  readonly stdin?: AsyncIterable<Uint8Array | string> & {
    readonly isTTY?: boolean;
    readonly setRawMode?: (on: boolean) => unknown;
  };
  /** Whether `err` is a terminal that progress may be drawn on. */
  readonly terminal: boolean;
  /** How wide it is now. */
  readonly columns?: () => number | undefined;
  readonly credentials: (
    flags: Pick<ApiFlags, 'profile' | 'region'> & { readonly role?: string | undefined },
  ) => AwsCredentialIdentityProvider | Promise<AwsCredentialIdentityProvider>;
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

/** For every subcommand that changes something. */
export const dryRunOption = ['--dry-run', 'print what would happen, and change nothing'] as const;

/** The end of a command's help. */
export const helpEnding = (examples: readonly string[], docs = 'docs/publish.md and docs/api.md'): string =>
  `${examples.length === 0 ? '' : `\nExamples:${examples.map((example) => `\n  $ ${example}`).join('')}\n`}\nDocumentation: ${docs} of nix-channel-lambda`;

export const tokenDocs = 'docs/private-channels.md';

/** Adds a subcommand to the program. */
export type AddCommand = (program: Command, options: ProgramOptions) => void;

/** The client of the API. It is loaded only here, so that a command's help starts fast. */
export async function connect(options: ProgramOptions, flags: Globals): Promise<ChannelApi> {
  const { environment, send, sleep, now, whenInterrupted } = options;
  const [{ ChannelApi }, { findApi }] = await Promise.all([
    import('../api/channel-api.ts'),
    import('../api/find-api.ts'),
  ]);
  const credentials = await options.credentials(flags);
  const ask = { credentials, send, sleep, now, note: noteTo(options) };
  const { url, region } = await findApi({ environment, ...ask }, flags);
  return new ChannelApi({ url, region, ...ask, whenInterrupted });
}

/** Prints a sentence on standard error, and clears a progress line before it. */
export const noteTo =
  ({ err, terminal }: Pick<ProgramOptions, 'err' | 'terminal'>) =>
  (sentence: string): void =>
    err(`${terminal ? '\r\x1b[K' : ''}${escapeControls(sentence)}\n`);

/** @param text what people read; a function gets the value with its control characters escaped */
export const print = <Value>(
  { out }: ProgramOptions,
  { json }: Globals,
  value: Value,
  text: string | ((value: Value) => string),
): void =>
  out(`${json === true ? JSON.stringify(value) : typeof text === 'string' ? text : text(escapeDeep(value))}\n`);

export const would = (dryRun: boolean | undefined): string => (dryRun === true ? 'dry run, nothing was changed: ' : '');

/** When a change takes effect, as the end of a sentence. The command does not know how the service is set. */
export const withinMaxAge =
  'within the maximum age that is set for the service (by default 30 s on AWS, 0 s with the bucket of npm start)';

export const soon = `Readers see it ${withinMaxAge}. Nix asks again after an hour, or at once with "nix flake update" or --refresh.`;

async function firstLine(input: NonNullable<ProgramOptions['stdin']>): Promise<string> {
  let text = '';
  for await (const chunk of input) {
    text += Buffer.from(chunk).toString();
    if (text.includes('\n')) break;
  }
  return text.split('\n')[0] ?? '';
}

interface Question {
  /** As the beginning of a sentence. */
  readonly deed: string;
  /** What will happen, as a sentence. */
  readonly means: string;
  /** What is typed for what: "channel to remove it". */
  readonly ask: string;
  /** The end of the sentence after another name: "removed". */
  readonly done: string;
}

/** Throws unless the user types the name. */
export async function confirm(
  { stdin, err }: Pick<ProgramOptions, 'stdin' | 'err'>,
  name: string,
  { deed, means, ask, done }: Question,
): Promise<void> {
  if (stdin?.isTTY !== true)
    throw new UsageError(
      `${deed} needs a confirmation, and there is no terminal to ask on: add --yes, or --dry-run to see what would happen.`,
    );
  err(`${means}\nType the name of the ${ask}: `);
  if ((await firstLine(stdin)).trim() !== name)
    throw new UsageError(`That is not the name "${name}": nothing was ${done}.`);
}

const byteUnits: Readonly<Record<string, number>> = {
  '': 1,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
  TiB: 1024 ** 4,
};

/** Parses an option's value, `1GiB`, `500MiB` or a plain number, into bytes. */
export function byteSize(text: string): number {
  const [, digits = '', unit = ''] = /^(\d{1,15})(|KiB|MiB|GiB|TiB)$/.exec(text) ?? [];
  const size = Number(digits) * (byteUnits[unit] ?? 0);
  if (digits === '' || size === 0 || !Number.isSafeInteger(size))
    throw new InvalidArgumentError('It must be a size such as 1GiB, 500MiB or a number of bytes.');
  return size;
}

/** Parses an option's value, a whole number. */
export function count(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('It must be a whole number that is not negative.');
  return Number(text);
}

/** Seconds. */
export const day = 86_400;
/** The longest validity of a token, and the longest duration of `token revoke --until`. */
export const maxDays = 3_650;

const units: Readonly<Record<string, number>> = { m: 60, h: 3_600, d: day };

/** Parses an option's value, `3d`, `12h` or `90m`, into seconds. */
export function duration(text: string): number {
  const [, digits = '', unit = ''] = /^(\d{1,6})([mhd])$/.exec(text) ?? [];
  const seconds = Number(digits) * (units[unit] ?? 0);
  if (seconds === 0) throw new InvalidArgumentError('It must be a duration such as 3d, 12h or 90m.');
  return seconds;
}

/** Collects the values of an option that is repeated or takes a list with commas. */
export const listOf = (text: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  ...text.split(','),
];

const dayForm = /^\d{4}-\d\d-\d\d$/;
/** RFC 3339, section 5.6. */
const dayAndTime = /^(\d{4}-\d\d-\d\d)T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)$/i;

/** Date.parse takes 30 February for 2 March. */
const exists = (text: string): boolean => {
  const time = Date.parse(text);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
};

/** Parses an option's value into seconds since 1970: a day (midnight UTC), or a time with its zone. */
export function moment(text: string): number {
  const date = dayForm.test(text) ? text : dayAndTime.exec(text)?.[1];
  const time = Date.parse(text);
  if (date === undefined || !exists(date) || Number.isNaN(time))
    throw new InvalidArgumentError(
      'It must be a day such as 2026-12-31, or a time with its zone such as 2026-12-31T18:00:00Z.',
    );
  return Math.floor(time / 1_000);
}

export const progressOf = ({ err: write, terminal, columns = () => undefined, now }: ProgramOptions): Progress =>
  createProgress({ write, terminal, columns, now });

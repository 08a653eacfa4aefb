import type { AwsCredentialIdentityProvider } from '@smithy/types';
import type { Command } from 'commander';
import { ChannelApi } from '../channel-api.ts';
import { escapeControls, escapeDeep } from '../escape-controls.ts';
import { type ApiFlags, findApi } from '../find-api.ts';
import type { Send } from '../http-exchange.ts';
import type { WhenInterrupted } from '../interrupt.ts';

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

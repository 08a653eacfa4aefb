import type { AwsCredentialIdentityProvider } from '@smithy/types';
import type { Command } from 'commander';
import { ChannelApi } from '../channel-api.ts';
import { type ApiFlags, findApi } from '../find-api.ts';
import type { Send } from '../http-exchange.ts';

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
  readonly credentials: (flags: Pick<ApiFlags, 'profile' | 'region'>) => AwsCredentialIdentityProvider;
  readonly send: Send;
  readonly sleep: (duration: number) => Promise<void>;
  readonly now: () => number;
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
  const { environment, send, sleep } = options;
  const credentials = options.credentials(flags);
  const { url, region } = await findApi({ environment, credentials, send, sleep }, flags);
  return new ChannelApi({ url, region, credentials, send, sleep });
}

export const print = ({ out }: ProgramOptions, { json }: Globals, value: unknown, text: string): void =>
  out(`${json === true ? JSON.stringify(value) : text}\n`);

import type { AwsCredentialIdentityProvider } from '@smithy/types';
import type { Command } from 'commander';
import { InvalidInput } from '../../domain/problem.ts';
import { parseBaseUrl } from '../../domain/urls.ts';
import { ChannelApi } from '../channel-api.ts';
import { findRegion } from '../find-region.ts';
import type { Send } from '../http-exchange.ts';

/** Everything that the command touches beside its arguments. */
export interface ProgramOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Standard input; nothing comes in without. */
  readonly stdin?: AsyncIterable<Uint8Array | string> & { readonly isTTY?: boolean };
  /** Whether `err` is a terminal that progress may be drawn on. */
  readonly terminal: boolean;
  readonly credentials: (profile: string | undefined) => AwsCredentialIdentityProvider;
  readonly send: Send;
  readonly sleep: (duration: number) => Promise<void>;
  readonly now: () => number;
  /** A random id for this run. */
  readonly operation: () => string;
}

/** The options that every subcommand has. */
export interface Globals {
  readonly url?: string;
  readonly profile?: string;
  readonly region?: string;
  readonly json?: boolean;
}

/** Of every subcommand that changes something. */
export const dryRunOption = ['--dry-run', 'say what would be done, and change nothing'] as const;

/** Adds a subcommand to the program. */
export type AddCommand = (program: Command, options: ProgramOptions) => void;

export async function connect(
  { environment, credentials, send, sleep }: ProgramOptions,
  { url, profile, region }: Globals,
): Promise<ChannelApi> {
  const given = url ?? environment.CHANNELCTL_URL;
  if (given === undefined || given === '')
    throw new InvalidInput('url', 'Which API? Give --url, or set CHANNELCTL_URL.');
  const base = parseBaseUrl(given);
  if (base === undefined) throw new InvalidInput('url', `"${given}" is no http or https URL.`);
  return new ChannelApi({
    url: base,
    region: await findRegion(base, region, profile),
    credentials: credentials(profile),
    send,
    sleep,
  });
}

export const print = ({ out }: ProgramOptions, { json }: Globals, value: unknown, text: string): void =>
  out(`${json === true ? JSON.stringify(value) : text}\n`);

import type { AwsCredentialIdentityProvider } from '@smithy/types';
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import type { Added } from '../../lambda/publish/add-channel.ts';
import type { ChannelList, ListedChannel } from '../../lambda/publish/list-channels.ts';
import type { ShownChannel } from '../../lambda/publish/show-channel.ts';
import { assertChannelName, assertExtension } from '../domain/names.ts';
import { InvalidInput, Problem } from '../domain/problem.ts';
import { declaredFacts } from '../domain/release-facts.ts';
import { parseBaseUrl } from '../domain/urls.ts';
import { ChannelApi, channelPath } from './channel-api.ts';
import { exitCodeOf, exitCodes } from './exit-codes.ts';
import { findRegion } from './find-region.ts';
import type { Send } from './http-exchange.ts';
import { createProgress } from './progress.ts';
import { publishFile } from './publish-file.ts';
import { addedText, listText, publishedText, shownText } from './show-text.ts';

/** Everything that the command touches beside its arguments. */
export interface ProgramOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Whether `err` is a terminal that progress may be drawn on. */
  readonly terminal: boolean;
  readonly credentials: (profile: string | undefined) => AwsCredentialIdentityProvider;
  readonly send: Send;
  readonly sleep: (duration: number) => Promise<void>;
  readonly now: () => number;
  /** A random id for this run. */
  readonly operation: () => string;
}

interface Globals {
  readonly url?: string;
  readonly profile?: string;
  readonly region?: string;
  readonly json?: boolean;
}

interface PublishFlags extends Globals {
  readonly name?: string;
  readonly rev?: string;
  readonly revCount?: number;
  readonly lastModified?: number;
  readonly force?: boolean;
}

function count(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('It must be a whole number that is not negative.');
  return Number(text);
}

async function connect(
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

/** Sends the API's errors, credentials' and the command's own through one door: one line, and an exit code that tells which. */
function report(error: unknown, err: ProgramOptions['err']): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
  const line =
    error instanceof Problem ? error.message : `This is a defect: ${(error as Error)?.stack ?? String(error)}`;
  err(`channelctl: ${error instanceof Problem ? line.replaceAll(/\s*\n\s*/g, ' ') : line}\n`);
  return exitCodeOf(error);
}

/** Runs the command and gives its exit code. Never throws. */
export async function runProgram(options: ProgramOptions, args: readonly string[]): Promise<number> {
  const { out, err, terminal, now, operation } = options;
  const print = (json: boolean | undefined, value: unknown, text: string): void =>
    out(`${json === true ? JSON.stringify(value) : text}\n`);

  const program = new Command('channelctl')
    .description('Publish to Nix channels that nix-channel-lambda serves.')
    .option('--url <url>', 'the API (or CHANNELCTL_URL)')
    .option('--profile <name>', 'AWS profile')
    .option('--region <region>', 'AWS region of the API')
    .option('--json', 'print one JSON value')
    .configureOutput({
      writeOut: out,
      writeErr: err,
      outputError: (text, write) => write(text.replace(/^error: /, 'channelctl: ')),
    })
    .showSuggestionAfterError(false)
    .exitOverride();

  program
    .command('add <channel>')
    .alias('add-channel')
    .description('add a channel')
    .option('--file-extension <extension>', 'what its files end in', '.tar.xz')
    .action(async (channel: string, _: unknown, command: Command) => {
      const flags = command.optsWithGlobals<Globals & { readonly fileExtension: string }>();
      const { fileExtension } = flags;
      assertChannelName(channel);
      assertExtension(fileExtension);
      const api = await connect(options, flags);
      const added = await api.post<Added>('/publish/catalog', { operation: operation(), channel, fileExtension });
      print(flags.json, added, addedText(added));
    });

  program
    .command('list')
    .alias('list-channels')
    .description('list the channels')
    .action(async (_: unknown, command: Command) => {
      const flags = command.optsWithGlobals<Globals>();
      const api = await connect(options, flags);
      const channels: ListedChannel[] = [];
      for (let after: string | undefined, more = true; more; ) {
        const page = await api.get<ChannelList>('/publish/catalog', after === undefined ? {} : { after });
        channels.push(...page.channels);
        after = page.next;
        more = after !== undefined;
      }
      print(flags.json, { channels }, listText(channels));
    });

  program
    .command('show <channel>')
    .alias('show-channel')
    .description('show a channel, its latest release and its history')
    .action(async (channel: string, _: unknown, command: Command) => {
      const flags = command.optsWithGlobals<Globals>();
      assertChannelName(channel);
      const api = await connect(options, flags);
      const shown = await api.get<ShownChannel>(channelPath(channel));
      print(flags.json, shown, shownText(shown));
    });

  program
    .command('publish <channel> <file>')
    .description('upload a tarball and make it the latest release of a channel')
    .option('--name <release>', "the release's name, if not the file's")
    .option('--rev <rev>', 'commit that it was made from, 40 hexadecimal digits')
    .option('--rev-count <count>', 'number of commits up to it', count)
    .option('--last-modified <seconds>', 'time of that commit, in seconds since 1970', count)
    .option('--force', 'publish though it is older than the latest')
    .action(async (channel: string, path: string, _: unknown, command: Command) => {
      const flags = command.optsWithGlobals<PublishFlags>();
      const { name, rev, revCount, lastModified, force = false } = flags;
      const facts = declaredFacts({ rev, revCount, lastModified });
      const progress = createProgress({ write: err, terminal, now });
      const client = { api: await connect(options, flags), send: options.send, sleep: options.sleep, progress };
      const published = await publishFile(client, { channel, path, name, facts, force });
      print(flags.json, published, publishedText(published));
    });

  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCodes.done;
  } catch (error) {
    return report(error, err);
  }
}

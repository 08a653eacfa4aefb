import { Command, CommanderError } from 'commander';
import { escapeControls } from '../domain/names.ts';
import { Problem } from '../domain/problem.ts';
import { versionText } from '../domain/version.ts';
import { addCommand, listCommand, removeCommand, restoreCommand, showCommand } from './commands/channels.ts';
import { type AddCommand, helpEnding, type ProgramOptions } from './commands/context.ts';
import { diffCommand } from './commands/diff.ts';
import { doctorCommand } from './commands/doctor.ts';
import { historyCommand, promoteCommand, rollbackCommand, yankCommand } from './commands/going-back.ts';
import { inspectCommand } from './commands/inspect.ts';
import { loginCommand } from './commands/login.ts';
import { pinCommand, unpinCommand } from './commands/pin.ts';
import { publishCommand } from './commands/publish.ts';
import { retireCommand } from './commands/retire.ts';
import { setCommand } from './commands/settings.ts';
import { takedownCommand } from './commands/takedown.ts';
import { tokenCommand } from './commands/token.ts';
import { completionCommand } from './completion/completion.ts';
import { ExitError, exitCodeOf, exitCodes } from './exit-codes.ts';
import { errorAnnotation, escapeLines, isGithubActions, oneLine, withoutCommands } from './text.ts';

const commands: readonly AddCommand[] = [
  addCommand,
  listCommand,
  showCommand,
  historyCommand,
  diffCommand,
  inspectCommand,
  publishCommand,
  promoteCommand,
  rollbackCommand,
  yankCommand,
  retireCommand,
  pinCommand,
  unpinCommand,
  takedownCommand,
  setCommand,
  removeCommand,
  restoreCommand,
  tokenCommand,
  loginCommand,
  doctorCommand,
  completionCommand,
];

/** Commander's message of a usage error, on one line. */
const usageText = (message: string): string => oneLine(message.trim()).replace(/^error: /, '');

/** Commander's own message of `commander.help` is about the help that it printed. */
const messageOf = ({ code, message }: CommanderError): string =>
  code === 'commander.help' ? 'the command is missing or unknown' : usageText(message);

/** The error of `--json`, for programs; the same sentence goes to standard error for people. */
function errorOf(error: unknown): { readonly code: string; readonly message: string; readonly field?: string } {
  if (error instanceof CommanderError) return { code: 'usage', message: messageOf(error) };
  if (!(error instanceof Problem)) return { code: 'defect', message: String(error) };
  const { code, message, field } = error;
  return { code, message: oneLine(message), ...(field === undefined ? {} : { field }) };
}

interface Reporter extends Pick<ProgramOptions, 'out' | 'err'> {
  /** Shows the error where the CI system shows errors. */
  readonly annotate: (message: string) => void;
}

/** Reports an error in one line. Returns its exit code. */
function report(error: unknown, { out, err, annotate }: Reporter, json: boolean): number {
  if (error instanceof ExitError) return error.exitCode;
  if (error instanceof CommanderError && error.exitCode === 0) return exitCodes.done;
  const shown = errorOf(error);
  if (json) out(`${JSON.stringify({ error: shown })}\n`);
  annotate(shown.message);
  if (error instanceof CommanderError) return exitCodes.usage;
  const line =
    error instanceof Problem
      ? escapeControls(oneLine(error.message))
      : escapeLines(`This is a bug: ${(error as Error)?.stack ?? String(error)}`);
  err(`channelctl: ${line}\n`);
  return exitCodeOf(error);
}

const pathOf = (command: Command): string =>
  command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;

/** Commander prints help for `nonsense --help` and `help nonsense`, as if there were such a command. */
function refuseUnknownCommand(command: Command): void {
  const [first, second] = command.args;
  const name = first === 'help' ? second : first;
  if (command.commands.length === 0 || name === undefined || name.startsWith('-')) return;
  command.args = [name];
  (command as Command & { readonly unknownCommand: () => never }).unknownCommand();
}

/** What every command has: one line for a usage error, which names its help. */
function finish(command: Command): void {
  const path = pathOf(command);
  command
    .configureOutput({
      outputError: (text, write) =>
        write(`channelctl: ${escapeControls(usageText(text)).replace(/\.?$/, '.')} See "${path} --help".\n`),
    })
    .on('beforeHelp', () => refuseUnknownCommand(command));
  for (const each of command.commands) finish(each);
}

/** The command and all its subcommands. */
export function createProgram(options: ProgramOptions): Command {
  const program = new Command('channelctl')
    .description('Publishes to Nix channels that nix-channel-lambda serves.')
    .version(versionText('channelctl', process.version), '--version', 'print the version')
    .option('--url <url>', 'the URL of the API (or CHANNELCTL_URL)')
    .option('--stack <name>', 'the stack of the API, instead of its URL (or CHANNELCTL_STACK)')
    .option('--profile <name>', 'AWS profile')
    .option('--region <region>', 'AWS region of the API')
    .option('--json', 'print one JSON value, also for an error')
    .configureOutput({ writeOut: options.out, writeErr: options.err })
    .addHelpText('after', helpEnding([]))
    .exitOverride();
  for (const add of commands) add(program, options);
  finish(program);
  return program;
}

/** Runs the command. Returns its exit code, and never throws. */
export async function runProgram(options: ProgramOptions, args: readonly string[]): Promise<number> {
  const end = args.indexOf('--');
  const json = args.slice(0, end === -1 ? args.length : end).includes('--json');
  const inActions = isGithubActions(options.environment);
  const inert = inActions ? withoutCommands : (text: string) => text;
  const safe: ProgramOptions = {
    ...options,
    out: (text) => options.out(inert(escapeLines(text))),
    err: inActions ? (text) => options.err(inert(text)) : options.err,
  };
  // On standard error, which the runner reads too: with --json, standard output is one JSON value.
  const annotate = (message: string): void => {
    if (inActions) options.err(errorAnnotation(escapeControls(message)));
  };
  try {
    await createProgram(safe).parseAsync(args, { from: 'user' });
    return exitCodes.done;
  } catch (error) {
    return report(error, { ...safe, annotate }, json);
  }
}

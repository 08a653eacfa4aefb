import { Command, CommanderError } from 'commander';
import packageJson from '../../package.json' with { type: 'json' };
import { Problem } from '../domain/problem.ts';
import { addCommand } from './commands/add.ts';
import type { AddCommand, ProgramOptions } from './commands/command-context.ts';
import { completionCommand } from './commands/completion.ts';
import { doctorCommand } from './commands/doctor.ts';
import { historyCommand } from './commands/history.ts';
import { inspectCommand } from './commands/inspect.ts';
import { listCommand } from './commands/list.ts';
import { loginCommand } from './commands/login.ts';
import { promoteCommand } from './commands/promote.ts';
import { publishCommand } from './commands/publish.ts';
import { removeCommand } from './commands/remove.ts';
import { rollbackCommand } from './commands/rollback.ts';
import { setCommand } from './commands/set.ts';
import { showCommand } from './commands/show.ts';
import { tokenCommand } from './commands/token.ts';
import { yankCommand } from './commands/yank.ts';
import { EndWith } from './end-with.ts';
import { exitCodeOf, exitCodes } from './exit-codes.ts';
import { oneLine } from './one-line.ts';

const commands: readonly AddCommand[] = [
  addCommand,
  listCommand,
  showCommand,
  historyCommand,
  inspectCommand,
  publishCommand,
  promoteCommand,
  rollbackCommand,
  yankCommand,
  setCommand,
  removeCommand,
  tokenCommand,
  loginCommand,
  doctorCommand,
  completionCommand,
];

/** Whatever went wrong, through one door: one line, and an exit code that tells which. */
function report(error: unknown, err: ProgramOptions['err']): number {
  if (error instanceof EndWith) return error.exitCode;
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
  const line =
    error instanceof Problem ? error.message : `This is a defect: ${(error as Error)?.stack ?? String(error)}`;
  err(`channelctl: ${error instanceof Problem ? oneLine(line) : line}\n`);
  return exitCodeOf(error);
}

/** Runs the command and gives its exit code. Never throws. */
export async function runProgram(options: ProgramOptions, args: readonly string[]): Promise<number> {
  const { out, err } = options;
  const program = new Command('channelctl')
    .description('Publish to Nix channels that nix-channel-lambda serves.')
    .version(packageJson.version, '--version', 'print the version')
    .option('--url <url>', 'the API (or CHANNELCTL_URL)')
    .option('--stack <name>', 'the stack that deployed the API, instead (or CHANNELCTL_STACK)')
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
  for (const add of commands) add(program, options);
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCodes.done;
  } catch (error) {
    return report(error, err);
  }
}

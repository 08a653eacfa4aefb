import type { Command } from 'commander';
import type { Removed, Restored } from '../../../lambda/publish/remove-channel.ts';
import { assertExistingChannel } from '../../domain/names.ts';
import { UsageError } from '../exit-codes.ts';
import { removedText, restoredText } from '../show-text.ts';
import { type AddCommand, connect, dryRunOption, type Globals, type ProgramOptions, print } from './command-context.ts';

interface RemoveFlags extends Globals {
  readonly yes?: boolean;
  readonly dryRun?: boolean;
}

async function firstLine(input: NonNullable<ProgramOptions['stdin']>): Promise<string> {
  let text = '';
  for await (const chunk of input) {
    text += Buffer.from(chunk).toString();
    if (text.includes('\n')) break;
  }
  return text.split('\n')[0] ?? '';
}

/** Throws unless whoever sits at the terminal types the channel's name. */
async function confirmRemoval({ stdin, err }: ProgramOptions, channel: string): Promise<void> {
  if (stdin?.isTTY !== true)
    throw new UsageError(
      `Removing "${channel}" needs a confirmation, and there is no terminal to ask on: add --yes, or --dry-run to see what would be done.`,
    );
  err(
    `Readers of ${channel} will get 410. Its releases still answer, and "channelctl restore ${channel}" takes this back.\nType the name of the channel to remove it: `,
  );
  if ((await firstLine(stdin)).trim() !== channel)
    throw new UsageError(`That is not the name "${channel}": nothing was removed.`);
}

export const removeCommand: AddCommand = (program, options) => {
  program
    .command('remove <channel>')
    .description('remove a channel: readers get 410, its releases still answer, and restore takes it back')
    .option('--yes', 'do not ask for the name of the channel; needed where there is no terminal')
    .option(...dryRunOption)
    .action(async (channel: string, _: unknown, command: Command) => {
      const flags = command.optsWithGlobals<RemoveFlags>();
      const { yes = false, dryRun = false } = flags;
      assertExistingChannel(channel);
      if (!yes && !dryRun) await confirmRemoval(options, channel);
      const api = await connect(options, flags);
      const path = `/publish/catalog/${encodeURIComponent(channel)}`;
      const removed = await api.delete<Removed>(path, { operation: options.operation(), dryRun });
      print(options, flags, removed, (each) => removedText(each, dryRun));
    });
};

export const restoreCommand: AddCommand = (program, options) => {
  program
    .command('restore <channel>')
    .description('take the removal of a channel back: it is as it was before')
    .option(...dryRunOption)
    .action(async (channel: string, _: unknown, command: Command) => {
      const flags = command.optsWithGlobals<Globals & { readonly dryRun?: boolean }>();
      const { dryRun } = flags;
      assertExistingChannel(channel);
      const api = await connect(options, flags);
      const path = `/publish/catalog/${encodeURIComponent(channel)}/restore`;
      const restored = await api.post<Restored>(path, { operation: options.operation(), dryRun });
      print(options, flags, restored, (each) => restoredText(each, dryRun));
    });
};

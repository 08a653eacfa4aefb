import type { Command } from 'commander';
import type { Removed } from '../../../lambda/publish/remove-channel.ts';
import { assertExistingChannel } from '../../domain/names.ts';
import { removedText } from '../show-text.ts';
import { type AddCommand, connect, dryRunOption, type Globals, print } from './command-context.ts';

export const removeCommand: AddCommand = (program, options) => {
  program
    .command('remove <channel>')
    .description(
      'end a channel for good: 410 from then on; its releases still answer, and its name is never used again',
    )
    .option(...dryRunOption)
    .action(async (channel: string, _: unknown, command: Command) => {
      const flags = command.optsWithGlobals<Globals & { readonly dryRun?: boolean }>();
      const { dryRun } = flags;
      assertExistingChannel(channel);
      const api = await connect(options, flags);
      const path = `/publish/catalog/${encodeURIComponent(channel)}`;
      const removed = await api.delete<Removed>(path, { operation: options.operation(), dryRun });
      print(options, flags, removed, removedText(removed, dryRun));
    });
};

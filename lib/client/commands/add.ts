import type { Command } from 'commander';
import type { Added } from '../../../lambda/publish/add-channel.ts';
import { assertChannelName, assertExtension } from '../../domain/names.ts';
import { addedText } from '../show-text.ts';
import { type AddCommand, connect, dryRunOption, type Globals, print } from './command-context.ts';

export const addCommand: AddCommand = (program, options) => {
  program
    .command('add <channel>')
    .alias('add-channel')
    .description('add a channel')
    .option('--file-extension <extension>', 'what its files end in', '.tar.xz')
    .option(...dryRunOption)
    .action(async (channel: string, _: unknown, command: Command) => {
      const flags = command.optsWithGlobals<Globals & { readonly fileExtension: string; readonly dryRun?: boolean }>();
      const { fileExtension, dryRun } = flags;
      assertChannelName(channel);
      assertExtension(fileExtension);
      const api = await connect(options, flags);
      const body = { operation: options.operation(), channel, fileExtension, dryRun };
      const added = await api.post<Added>('/publish/catalog', body);
      print(options, flags, added, addedText(added, dryRun));
    });
};

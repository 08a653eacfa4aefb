import type { Command } from 'commander';
import type { Added } from '../../../lambda/publish/add-channel.ts';
import { assertChannelName, assertExtension } from '../../domain/names.ts';
import { addedText } from '../show-text.ts';
import { type AddCommand, connect, type Globals, print } from './command-context.ts';

export const addCommand: AddCommand = (program, options) => {
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
      const added = await api.post<Added>('/publish/catalog', {
        operation: options.operation(),
        channel,
        fileExtension,
      });
      print(options, flags, added, addedText(added));
    });
};

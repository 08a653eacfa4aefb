import { type Command, Option } from 'commander';
import type { Added } from '../../../lambda/publish/add-channel.ts';
import { type Visibility, visibilities } from '../../domain/catalog.ts';
import { assertChannelName, assertExtension } from '../../domain/names.ts';
import { addedText } from '../show-text.ts';
import { type AddCommand, connect, dryRunOption, type Globals, print } from './command-context.ts';

interface AddFlags extends Globals {
  readonly fileExtension: string;
  readonly visibility?: Visibility;
  readonly dryRun?: boolean;
}

export const addCommand: AddCommand = (program, options) => {
  program
    .command('add <channel>')
    .alias('add-channel')
    .description('add a channel')
    .option('--file-extension <extension>', 'what its files end in', '.tar.xz')
    .addOption(
      new Option('--visibility <who>', 'who reads it where tokens are asked for; private otherwise').choices(
        visibilities,
      ),
    )
    .option(...dryRunOption)
    .action(async (channel: string, _: unknown, command: Command) => {
      const flags = command.optsWithGlobals<AddFlags>();
      const { fileExtension, visibility, dryRun } = flags;
      assertChannelName(channel);
      assertExtension(fileExtension);
      const api = await connect(options, flags);
      const body = { operation: options.operation(), channel, fileExtension, visibility, dryRun };
      const added = await api.post<Added>('/publish/catalog', body);
      print(options, flags, added, (each) => addedText(each, dryRun));
    });
};

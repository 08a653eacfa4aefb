import type { Command } from 'commander';
import type { ShownChannel } from '../../../lambda/publish/show-channel.ts';
import { assertExistingChannel } from '../../domain/names.ts';
import { channelPath } from '../channel-api.ts';
import { shownText } from '../show-text.ts';
import { type AddCommand, connect, type Globals, print } from './command-context.ts';

export const showCommand: AddCommand = (program, options) => {
  program
    .command('show <channel>')
    .alias('show-channel')
    .description('show a channel, its latest release and its history')
    .action(async (channel: string, _: unknown, command: Command) => {
      const flags = command.optsWithGlobals<Globals>();
      assertExistingChannel(channel);
      const api = await connect(options, flags);
      const shown = await api.get<ShownChannel>(channelPath(channel));
      print(options, flags, shown, shownText);
    });
};

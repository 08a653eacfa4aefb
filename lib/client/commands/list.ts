import type { Command } from 'commander';
import type { ChannelList, ListedChannel } from '../../../lambda/publish/list-channels.ts';
import { listText } from '../show-text.ts';
import { type AddCommand, connect, type Globals, print } from './command-context.ts';

export const listCommand: AddCommand = (program, options) => {
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
      print(options, flags, { channels }, (list) => listText(list.channels));
    });
};

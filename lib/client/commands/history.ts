import type { Command } from 'commander';
import type { ShownChannel } from '../../../lambda/publish/show-channel.ts';
import type { HistoryEntry } from '../../domain/history.ts';
import { assertExistingChannel } from '../../domain/names.ts';
import { channelPath } from '../channel-api.ts';
import { historyText } from '../show-text.ts';
import { type AddCommand, connect, type Globals, print } from './command-context.ts';
import { count } from './count.ts';

interface HistoryFlags extends Globals {
  readonly limit: number;
  readonly after?: string;
}

/** Of the API: entries in one answer. */
const longestPage = 100;

export const historyCommand: AddCommand = (program, options) => {
  program
    .command('history <channel>')
    .description('what was done to a channel, newest first')
    .option('--limit <count>', 'at most so many entries', count, 50)
    .option('--after <cursor>', 'go on where an earlier answer ended')
    .action(async (channel: string, _: unknown, command: Command) => {
      const flags = command.optsWithGlobals<HistoryFlags>();
      assertExistingChannel(channel);
      const api = await connect(options, flags);
      const entries: HistoryEntry[] = [];
      let next = flags.after;
      do {
        const limit = String(Math.min(longestPage, flags.limit - entries.length));
        const query = { limit, ...(next === undefined ? {} : { after: next }) };
        const { history } = await api.get<ShownChannel>(channelPath(channel), query);
        entries.push(...history.entries);
        next = history.next;
      } while (next !== undefined && entries.length < flags.limit);
      const page = { entries, ...(next === undefined ? {} : { next }) };
      print(options, flags, page, historyText);
    });
};

import type { Command } from 'commander';
import type { ChangedChannel } from '../../../lambda/publish/change-record.ts';
import type { ShownChannel } from '../../../lambda/publish/show-channel.ts';
import { assertExistingChannel, assertExistingRelease } from '../../domain/names.ts';
import { NotFound } from '../../domain/problem.ts';
import { channelPath } from '../channel-api.ts';
import { changedText } from '../show-text.ts';
import { type AddCommand, connect, dryRunOption, type Globals, print } from './command-context.ts';

export const rollbackCommand: AddCommand = (program, options) => {
  program
    .command('rollback <channel>')
    .description('make an earlier release the latest again')
    .option('--to <release>', 'which; the one before the latest otherwise')
    .option(...dryRunOption)
    .action(async (channel: string, _: unknown, command: Command) => {
      const flags = command.optsWithGlobals<Globals & { readonly to?: string; readonly dryRun?: boolean }>();
      const { dryRun } = flags;
      assertExistingChannel(channel);
      if (flags.to !== undefined) assertExistingRelease(flags.to, 'to');
      const api = await connect(options, flags);
      const shown = await api.get<ShownChannel>(channelPath(channel), { limit: '1' });
      const { latest, rollsBackTo, rolledBack, channelUrl } = shown;
      const to = flags.to ?? rollsBackTo;
      // A rollback without --to that is run again must not go further, least of all forward again.
      if (latest !== null && (flags.to === latest || (flags.to === undefined && rolledBack))) {
        const same: ChangedChannel = { channel, action: 'rollback', fresh: false, latest, channelUrl };
        print(options, flags, same, (each) => `${changedText(each)}\nTo go back further, name the release with --to.`);
        return;
      }
      if (latest === null || to === null)
        throw new NotFound(`The channel "${channel}" has no earlier release to go back to.`);
      const body = { operation: options.operation(), from: latest, to, dryRun };
      const changed = await api.post<ChangedChannel>(channelPath(channel, '/rollback'), body);
      print(options, flags, changed, (each) => changedText(each, { dryRun }));
    });
};

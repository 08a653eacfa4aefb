import type { Command } from 'commander';
import type { ChangedChannel } from '../../../lambda/publish/change-record.ts';
import { assertExistingChannel, assertExistingRelease } from '../../domain/names.ts';
import { InvalidInput } from '../../domain/problem.ts';
import { channelPath } from '../channel-api.ts';
import { escapeControls } from '../escape-controls.ts';
import { changedText } from '../show-text.ts';
import { type AddCommand, connect, dryRunOption, type Globals, print } from './command-context.ts';

interface YankFlags extends Globals {
  readonly reason?: string;
  readonly undo?: boolean;
  readonly dryRun?: boolean;
}

export const yankCommand: AddCommand = (program, options) => {
  program
    .command('yank <channel> <release>')
    .description('never point to a release again; whoever locked it can still fetch it')
    .option('--reason <text>', 'why, for those who look at the channel')
    .option('--undo', 'take the yank back')
    .option(...dryRunOption)
    .action(async (channel: string, release: string, _: unknown, command: Command) => {
      const flags = command.optsWithGlobals<YankFlags>();
      const { reason, undo = false, dryRun } = flags;
      assertExistingChannel(channel);
      assertExistingRelease(release);
      if (undo === (reason !== undefined))
        throw new InvalidInput('reason', 'Give --reason to say why, or --undo to take a yank back.');
      const api = await connect(options, flags);
      const body = { operation: options.operation(), release, reason, dryRun };
      const changed = await api.post<ChangedChannel>(channelPath(channel, '/yank'), body);
      print(options, flags, changed, (each) => changedText(each, { dryRun, release: escapeControls(release) }));
    });
};

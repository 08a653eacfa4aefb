import type { Command } from 'commander';
import type { ChangedChannel } from '../../../lambda/publish/change-record.ts';
import { assertExistingChannel, assertExistingRelease } from '../../domain/names.ts';
import { changedText } from '../show-text.ts';
import { type AddCommand, connect, dryRunOption, type Globals, print } from './command-context.ts';

interface PromoteFlags extends Globals {
  readonly release?: string;
  readonly force?: boolean;
  readonly dryRun?: boolean;
}

export const promoteCommand: AddCommand = (program, options) => {
  program
    .command('promote <from> <to>')
    .description('make a release of one channel the latest of another; no bytes move')
    .option('--release <release>', 'which; the latest otherwise')
    .option('--force', 'promote though it is older than the latest')
    .option(...dryRunOption)
    .action(async (from: string, to: string, _: unknown, command: Command) => {
      const flags = command.optsWithGlobals<PromoteFlags>();
      const { release, force, dryRun } = flags;
      assertExistingChannel(from, 'from');
      assertExistingChannel(to, 'to');
      if (release !== undefined) assertExistingRelease(release);
      const api = await connect(options, flags);
      const path = `/publish/promotions/${encodeURIComponent(from)}/${encodeURIComponent(to)}`;
      const changed = await api.post<ChangedChannel>(path, { operation: options.operation(), release, force, dryRun });
      print(options, flags, changed, (each) => changedText(each, { dryRun }));
    });
};

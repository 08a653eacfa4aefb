import { type Command, Option } from 'commander';
import type { ChannelSettings } from '../../../lambda/publish/change-settings.ts';
import { type Visibility, visibilities } from '../../domain/catalog.ts';
import { assertMaxAge } from '../../domain/max-age.ts';
import { assertExistingChannel } from '../../domain/names.ts';
import { InvalidInput } from '../../domain/problem.ts';
import { settingsText } from '../settings-text.ts';
import { type AddCommand, connect, dryRunOption, type Globals, print } from './command-context.ts';
import { duration } from './duration.ts';

interface SetFlags extends Globals {
  readonly visibility?: Visibility;
  /** Seconds. */
  readonly maxAge?: number | 'none';
  readonly dryRun?: boolean;
}

export const setCommand: AddCommand = (program, options) => {
  program
    .command('set <channel>')
    .description("change a channel's settings")
    .addOption(
      new Option(
        '--visibility <who>',
        'who reads it where tokens are asked for: everybody, or only their bearers',
      ).choices(visibilities),
    )
    .option(
      '--max-age <duration>',
      'the age of its latest release after which it counts as overdue: 3d, 12h, 90m or none',
      (text) => (text === 'none' ? text : duration(text)),
    )
    .option(...dryRunOption)
    .action(async (channel: string, _: unknown, command: Command) => {
      const flags = command.optsWithGlobals<SetFlags>();
      const { visibility, dryRun } = flags;
      const maxAge = flags.maxAge === 'none' ? null : flags.maxAge;
      assertExistingChannel(channel);
      if (visibility === undefined && maxAge === undefined)
        throw new InvalidInput('visibility', 'There is nothing to set: give --visibility or --max-age.');
      if (typeof maxAge === 'number') assertMaxAge(maxAge);
      const api = await connect(options, flags);
      const body = { operation: options.operation(), visibility, maxAge, dryRun };
      const path = `/publish/catalog/${encodeURIComponent(channel)}`;
      const settings = await api.patch<ChannelSettings>(path, body);
      print(options, flags, settings, (each) => settingsText(each, body));
    });
};

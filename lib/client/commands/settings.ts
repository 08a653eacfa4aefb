import { type Command, Option } from 'commander';
import type { ChannelSettings } from '../../api/answers.ts';
import { catalogPath } from '../../api/routes.ts';
import { type Visibility, visibilities } from '../../domain/catalog.ts';
import { assertExistingChannel, assertMaxAge } from '../../domain/names.ts';
import { InvalidInput } from '../../domain/problem.ts';
import { type AddCommand, connect, dryRunOption, duration, type Globals, helpEnding, print, would } from './context.ts';

const units = [
  ['d', 86_400],
  ['h', 3_600],
  ['m', 60],
  ['s', 1],
] as const;

/** Seconds as the command takes them, in the largest unit that divides them: `3d`. */
export function durationText(seconds: number): string {
  const [unit, length] = units.find(([, each]) => seconds % each === 0) ?? ['s', 1];
  return `${seconds / length}${unit}`;
}

export const overdueText = (maxAge: number | null): string =>
  maxAge === null ? '' : `overdue after ${durationText(maxAge)}`;

interface Asked {
  readonly visibility?: Visibility | undefined;
  readonly dryRun?: boolean | undefined;
}

function settingsText(
  { channel, visibility, maxAge, fresh }: ChannelSettings,
  { visibility: asked, dryRun = false }: Asked,
): string {
  const deed = `${would(dryRun && fresh)}${fresh ? 'set' : 'nothing changed'}`;
  const shown = visibility === 'public' || asked !== undefined ? `${visibility}, ` : '';
  const closed = visibility === 'private' ? ' URLs that were issued before stay valid for up to 15 minutes.' : '';
  return [
    `${deed}: ${channel} (${shown}${overdueText(maxAge) || 'never overdue'})`,
    ...(asked === undefined || !fresh || dryRun
      ? []
      : [`It takes effect within the API's maximum age, 30 s by default, where tokens are required.${closed}`]),
  ].join('\n');
}

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
        'who can read it where tokens are required: everybody, or only clients with a token',
      ).choices(visibilities),
    )
    .option(
      '--max-age <duration>',
      'age of the latest release after which the channel is overdue: 3d, 12h, 90m or none',
      (text) => (text === 'none' ? text : duration(text)),
    )
    .option(...dryRunOption)
    .addHelpText(
      'after',
      helpEnding([
        'channelctl set nixos-25.05 --max-age 3d',
        'channelctl set nixos-25.05 --visibility public --max-age none',
      ]),
    )
    .action(async (channel: string, _: unknown, command: Command) => {
      const flags = command.optsWithGlobals<SetFlags>();
      const { visibility, dryRun } = flags;
      const maxAge = flags.maxAge === 'none' ? null : flags.maxAge;
      assertExistingChannel(channel);
      if (visibility === undefined && maxAge === undefined)
        throw new InvalidInput('visibility', 'Nothing to set: give --visibility or --max-age.');
      if (typeof maxAge === 'number') assertMaxAge(maxAge);
      const api = await connect(options, flags);
      const body = { operation: options.operation(), visibility, maxAge, dryRun };
      const settings = await api.patch<ChannelSettings>(catalogPath(channel), body);
      print(options, flags, settings, (each) => settingsText(each, body));
    });
};

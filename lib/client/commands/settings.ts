import { type Command, InvalidArgumentError, Option } from 'commander';
import type { ChannelSettings } from '../../api/answers.ts';
import { catalogPath } from '../../api/routes.ts';
import { type About, assertAbout } from '../../domain/about.ts';
import { type Visibility, visibilities } from '../../domain/catalog.ts';
import { assertExistingChannel, assertMaxAge } from '../../domain/names.ts';
import { InvalidInput } from '../../domain/problem.ts';
import type { Retention } from '../../domain/record.ts';
import {
  type AddCommand,
  connect,
  dryRunOption,
  duration,
  type Globals,
  helpEnding,
  print,
  withinMaxAge,
  would,
} from './context.ts';

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

/** A policy as the command takes it: the newest releases, and all of so many days. */
const retentionForm = /^([1-9]\d{0,4}),([1-9]\d{0,4})d$/;

function retention(text: string): Retention | 'none' {
  if (text === 'none') return text;
  const [, keep, days] = retentionForm.exec(text) ?? [];
  if (keep === undefined || days === undefined)
    throw new InvalidArgumentError('It must be a number of releases and a number of days, such as 20,180d, or none.');
  return { keep: Number(keep), days: Number(days) };
}

export const retentionText = (retain: Retention | null): string =>
  retain === null
    ? 'keeps all releases'
    : `keeps the newest ${retain.keep === 1 ? 'release' : `${retain.keep} releases`} and those of ${retain.days === 1 ? 'one day' : `${retain.days} days`}`;

interface Asked {
  readonly retain?: Retention | null | undefined;
  readonly visibility?: Visibility | undefined;
  readonly dryRun?: boolean | undefined;
}

/** A row for each; those that are not set have none. */
export const aboutRows = ({ homepage, description, aliases }: About): (readonly [string, string])[] => [
  ...(homepage === undefined ? [] : [['homepage', homepage] as const]),
  ...(description === undefined ? [] : [['description', description] as const]),
  ...(aliases === undefined ? [] : [['aliases', aliases.join(' ')] as const]),
];

function settingsText(settings: ChannelSettings, { visibility: asked, retain: wanted, dryRun = false }: Asked): string {
  const { channel, visibility, maxAge, retain, fresh } = settings;
  const deed = `${would(dryRun && fresh)}${fresh ? 'set' : 'nothing changed'}`;
  const shown = visibility === 'public' || asked !== undefined ? `${visibility}, ` : '';
  const closed = visibility === 'private' ? ' URLs that were issued before stay valid for up to 15 minutes.' : '';
  return [
    `${deed}: ${channel} (${shown}${overdueText(maxAge) || 'never overdue'})`,
    ...(retain === undefined || (retain === null && wanted === undefined) ? [] : [`policy: ${retentionText(retain)}`]),
    ...aboutRows(settings).map(([name, value]) => `${name}: ${value}`),
    ...(asked === undefined || !fresh || dryRun
      ? []
      : [`Where tokens are required, it takes effect ${withinMaxAge}.${closed}`]),
  ].join('\n');
}

interface SetFlags extends Globals {
  readonly visibility?: Visibility;
  /** Seconds. */
  readonly maxAge?: number | 'none';
  readonly homepage?: string;
  readonly description?: string;
  /** False: none. */
  readonly alias?: readonly string[] | false;
  readonly retain?: Retention | 'none';
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
      '--retain <policy>',
      'releases to keep: the newest and all of some days, such as 20,180d; the others are retired. none: all are kept',
      retention,
    )
    .option(
      '--max-age <duration>',
      'age of the latest release after which the channel is overdue: 3d, 12h, 90m or none',
      (text) => (text === 'none' ? text : duration(text)),
    )
    .option('--homepage <url>', 'URL of the project, shown to readers; an empty one removes it')
    .option('--description <text>', 'one line about the channel, shown to readers; an empty one removes it')
    .option(
      '--alias <ref>',
      'further name in the flake registry, such as nixpkgs/nixos-25.05; can be repeated, and replaces the present ones',
      (ref: string, before: readonly string[] | false | undefined) => [...(before || []), ref],
    )
    .option('--no-alias', 'remove all further names')
    .option(...dryRunOption)
    .addHelpText(
      'after',
      helpEnding([
        'channelctl set nixos-25.05 --max-age 3d',
        'channelctl set nixos-25.05 --visibility public --max-age none',
        'channelctl set nixos-25.05 --homepage https://github.com/NixOS/nixpkgs --alias nixpkgs/nixos-25.05',
        'channelctl set nixos-25.05 --retain 20,180d',
      ]),
    )
    .action(async (channel: string, _: unknown, command: Command) => {
      const flags = command.optsWithGlobals<SetFlags>();
      const { visibility, dryRun } = flags;
      const maxAge = flags.maxAge === 'none' ? null : flags.maxAge;
      const homepage = flags.homepage === '' ? null : flags.homepage;
      const description = flags.description === '' ? null : flags.description;
      const aliases = flags.alias === false ? [] : flags.alias;
      const retain = flags.retain === 'none' ? null : flags.retain;
      assertExistingChannel(channel);
      if ([visibility, maxAge, retain, homepage, description, aliases].every((setting) => setting === undefined))
        throw new InvalidInput(
          'visibility',
          'Nothing to set: give --visibility, --max-age, --retain, --homepage, --description or --alias.',
        );
      if (typeof maxAge === 'number') assertMaxAge(maxAge);
      assertAbout({ homepage, description, aliases });
      const api = await connect(options, flags);
      const body = {
        operation: options.operation(),
        visibility,
        maxAge,
        retain,
        homepage,
        description,
        aliases,
        dryRun,
      };
      const settings = await api.patch<ChannelSettings>(catalogPath(channel), body);
      print(options, flags, settings, (each) => settingsText(each, body));
    });
};

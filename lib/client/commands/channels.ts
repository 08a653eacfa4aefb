import { type Command, Option } from 'commander';
import type { Added, ChannelList, ListedChannel, Removed, Restored, ShownChannel } from '../../api/answers.ts';
import { catalogPath, channelPath } from '../../api/routes.ts';
import { type Visibility, visibilities } from '../../domain/catalog.ts';
import {
  assertChannelName,
  assertExistingChannel,
  assertExtension,
  isReadableChannel,
  quoted,
} from '../../domain/names.ts';
import type { Yank } from '../../domain/record-changes.ts';
import { pages } from '../api/http.ts';
import { table, timeText } from '../text.ts';
import {
  type AddCommand,
  confirm,
  connect,
  dryRunOption,
  type Globals,
  helpEnding,
  print,
  soon,
  would,
} from './context.ts';
import { historyText } from './going-back.ts';
import { pinRows } from './pin.ts';
import {
  addReadingOptions,
  asksPublishApi,
  atPublishApi,
  type ReadingFlags,
  readingDocs,
  readingHelp,
  readList,
  readShow,
} from './reading.ts';
import { aboutRows, durationText, overdueText, retentionText } from './settings.ts';

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
    .option('--file-extension <extension>', 'the extension of its files', '.tar.xz')
    .addOption(
      new Option('--visibility <who>', 'who can read it where tokens are required (default: private)').choices(
        visibilities,
      ),
    )
    .option(...dryRunOption)
    .addHelpText(
      'after',
      helpEnding([
        'channelctl add nixos-25.05',
        'channelctl add installer --file-extension .iso',
        'channelctl add tools --visibility public',
      ]),
    )
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

export const addedText = ({ channel, fileExtension, visibility, fresh, channelUrl }: Added, dryRun?: boolean): string =>
  `${would(dryRun)}${fresh ? 'added' : 'nothing changed: the channel is already there:'} ${channel} (${fileExtension}${visibility === 'public' ? ', public' : ''})\n${channelUrl}`;

export const listCommand: AddCommand = (program, options) => {
  addReadingOptions(program.command('list [url]'))
    .alias('list-channels')
    .description('list the channels of a service')
    .addHelpText('after', readingHelp)
    .addHelpText(
      'after',
      helpEnding(['channelctl list', 'channelctl list https://nix.example.org --json'], readingDocs),
    )
    .action(async (url: string | undefined, _: unknown, command: Command) => {
      const given = command.optsWithGlobals<ReadingFlags>();
      if (!asksPublishApi(given, options.environment, url)) return readList(options, given, url);
      const flags = url === undefined ? given : { ...given, url };
      const api = await connect(options, flags);
      const channels: ListedChannel[] = [];
      for await (const page of pages((after?: string) => api.get<ChannelList>('/publish/catalog', { after })))
        channels.push(...page.channels);
      print(options, flags, { channels }, (list) => listText(list.channels));
    });
};

export const listText = (channels: readonly ListedChannel[]): string =>
  channels.length === 0
    ? 'There are no channels yet: channelctl add CHANNEL'
    : table(
        channels.map((listed) =>
          'problem' in listed
            ? [isReadableChannel(listed.channel) ? listed.channel : quoted(listed.channel), '!', listed.problem, '', '']
            : [
                listed.channel,
                listed.fileExtension,
                listed.latest ?? '(no release yet)',
                // Whether tokens are required is not known here, so no channel is called private.
                listed.visibility === 'public' ? 'public' : '',
                overdueText(listed.maxAge),
              ],
        ),
      );

export const showCommand: AddCommand = (program, options) => {
  addReadingOptions(program.command('show <channel>'))
    .alias('show-channel')
    .description('show a channel, its latest release, lines to use it, and its history')
    .addHelpText('after', readingHelp)
    .addHelpText(
      'after',
      helpEnding(
        ['channelctl show nixos-25.05', 'channelctl show https://nix.example.org/channel/nixos-25.05.tar.xz'],
        readingDocs,
      ),
    )
    .action(async (given: string, _: unknown, command: Command) => {
      const reading = command.optsWithGlobals<ReadingFlags>();
      if (!asksPublishApi(reading, options.environment, given)) return readShow(options, reading, given);
      const { channel, flags } = atPublishApi(given, reading);
      assertExistingChannel(channel);
      const api = await connect(options, flags);
      const shown = await api.get<ShownChannel>(channelPath(channel));
      print(options, flags, shown, shownText);
    });
};

export function shownText(shown: ShownChannel): string {
  const { channel, channelUrl, latest, permanentUrl, facts, fileExtension, previous, history, yanked, maxAge } = shown;
  const date = facts?.lastModified === undefined ? undefined : timeText(facts.lastModified);
  const rows: [string, string | undefined][] = [
    ['channel', channel],
    ['url', channelUrl],
    ['extension', fileExtension],
    ['visibility', `${shown.visibility}, where tokens are required`],
    ['overdue', maxAge === null ? undefined : `after ${durationText(maxAge)}`],
    ['policy', shown.retain && retentionText(shown.retain)],
    ...aboutRows(shown).map(([name, value]): [string, string] => [name, value]),
    ['latest', latest ?? '(no release yet)'],
    ['permanent', permanentUrl],
    ['rev', facts?.rev],
    ['rev count', facts?.revCount?.toString()],
    ['last modified', date],
    ['narHash', facts?.narHash],
    ['sha256', facts?.sha256],
    ...(shown.snippets ?? []).map(({ use, text }): [string, string] => [use, text]),
    ['earlier releases', String(previous)],
    ['policy', shown.retain && `keep ${shown.retain.keep}, and what is younger than ${shown.retain.days}d`],
  ];
  const known = rows.filter((row): row is [string, string] => row[1] !== undefined);
  const reasons = Object.entries(yanked).map(([release, yank]) => [
    'yanked',
    `${release}: ${(yank as Partial<Yank> | null)?.reason ?? ''}`,
  ]);
  const retirements = (shown.retired ?? []).map(({ release, reason, until, takedown, shared }) => [
    takedown === true ? 'taken down' : 'retired',
    `${release}: ${reason}${takedown === true ? '' : shared === true ? ' (in this channel only)' : ` (until ${until})`}`,
  ]);
  const more = (shown.retiredCount ?? 0) - retirements.length;
  const marks = [
    ...reasons,
    ...pinRows(shown.pinned),
    ...retirements,
    ...(more > 0 ? [['retired', `${more} more`]] : []),
  ];
  const entries = history.entries.length === 0 ? '' : `\n\n${historyText(history)}`;
  return `${table([...known, ...marks])}${entries}`;
}

interface RemoveFlags extends Globals {
  readonly yes?: boolean;
  readonly dryRun?: boolean;
}

export const removeCommand: AddCommand = (program, options) => {
  program
    .command('remove <channel>')
    .description('remove a channel: readers get 410, its releases stay available, and restore undoes it')
    .option('--yes', 'do not ask for confirmation; required where there is no terminal')
    .option(...dryRunOption)
    .addHelpText('after', helpEnding(['channelctl remove nixos-24.11', 'channelctl remove nixos-24.11 --yes']))
    .action(async (channel: string, _: unknown, command: Command) => {
      const flags = command.optsWithGlobals<RemoveFlags>();
      const { yes = false, dryRun = false } = flags;
      assertExistingChannel(channel);
      if (!yes && !dryRun)
        await confirm(options, channel, {
          deed: `Removing "${channel}"`,
          means: `Readers of ${channel} will get 410. Its releases stay available, and "channelctl restore ${channel}" undoes this.`,
          ask: 'channel to remove it',
          done: 'removed',
        });
      const api = await connect(options, flags);
      const removed = await api.delete<Removed>(catalogPath(channel), { operation: options.operation(), dryRun });
      print(options, flags, removed, (each) => removedText(each, dryRun));
    });
};

export const restoreCommand: AddCommand = (program, options) => {
  program
    .command('restore <channel>')
    .description('undo the removal of a channel')
    .option(...dryRunOption)
    .addHelpText('after', helpEnding(['channelctl restore nixos-24.11']))
    .action(async (channel: string, _: unknown, command: Command) => {
      const flags = command.optsWithGlobals<Globals & { readonly dryRun?: boolean }>();
      const { dryRun } = flags;
      assertExistingChannel(channel);
      const api = await connect(options, flags);
      const body = { operation: options.operation(), dryRun };
      const restored = await api.post<Restored>(catalogPath(channel, '/restore'), body);
      print(options, flags, restored, (each) => restoredText(each, dryRun));
    });
};

export function removedText({ channel, removed, fresh }: Removed, dryRun = false): string {
  if (!fresh) return `nothing changed: ${channel} is already removed`;
  if (dryRun) return `${would(dryRun)}would remove ${channel}: readers would get 410`;
  if (!removed) return `removed ${channel}, but it has been restored since`;
  return `removed ${channel}: readers get 410. Its releases stay available at /permanent, and "channelctl restore ${channel}" undoes this.\n${soon}`;
}

export function restoredText(
  { channel, removed, fresh, latest, visibility, channelUrl }: Restored,
  dryRun = false,
): string {
  const points = latest === null ? 'has no release' : `points to ${latest}`;
  if (!fresh) return `nothing changed: ${channel} is not removed, and ${points}`;
  if (dryRun) return `${would(dryRun)}would restore ${channel}, which ${points}`;
  if (removed) return `restored ${channel}, but it has been removed again since`;
  return `restored ${channel}${visibility === 'public' ? ' (public)' : ''}: it ${points}\n${soon}\n${channelUrl}`;
}

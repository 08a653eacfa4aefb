import type { Added } from '../../lambda/publish/add-channel.ts';
import type { ListedChannel } from '../../lambda/publish/list-channels.ts';
import type { Published } from '../../lambda/publish/publication.ts';
import type { ShownChannel } from '../../lambda/publish/show-channel.ts';
import { flakeInput } from '../domain/flake-input.ts';
import type { HistoryEntry } from '../domain/history.ts';

const table = (rows: readonly (readonly string[])[]): string => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
};

export const addedText = ({ channel, fileExtension, fresh, channelUrl }: Added): string =>
  `${fresh ? 'added' : 'is there already:'} ${channel} (${fileExtension})\n${channelUrl}`;

export const listText = (channels: readonly ListedChannel[]): string =>
  channels.length === 0
    ? 'There are no channels yet: channelctl add CHANNEL'
    : table(
        channels.map((listed) =>
          'problem' in listed
            ? [listed.channel, '!', listed.problem]
            : [listed.channel, listed.fileExtension, listed.latest ?? '(no release yet)'],
        ),
      );

const entryRow = (entry: HistoryEntry): string[] =>
  'serial' in entry
    ? [
        entry.at,
        entry.action,
        entry.release ?? '',
        entry.from === undefined ? '' : `from ${entry.from}`,
        `by ${entry.by}`,
      ]
    : ['', '', entry.release];

export function shownText(shown: ShownChannel): string {
  const { channel, channelUrl, latest, permanentUrl, facts, fileExtension, previous, history } = shown;
  const date = facts?.lastModified === undefined ? undefined : new Date(facts.lastModified * 1_000).toISOString();
  const rows: [string, string | undefined][] = [
    ['channel', channel],
    ['url', channelUrl],
    ['extension', fileExtension],
    ['latest', latest ?? '(no release yet)'],
    ['permanent', permanentUrl],
    ['rev', facts?.rev],
    ['rev count', facts?.revCount?.toString()],
    ['last modified', date],
    ['narHash', facts?.narHash],
    ['sha256', facts?.sha256],
    ['earlier releases', String(previous)],
  ];
  const known = rows.filter((row): row is [string, string] => row[1] !== undefined);
  const entries = history.entries.length === 0 ? '' : `\n\n${table(history.entries.map(entryRow))}`;
  return `${table(known)}${entries}`;
}

export function publishedText({ channel, release, fresh, latest, channelUrl, permanentUrl }: Published): string {
  const what = fresh ? 'published' : 'already published';
  const place = latest ? `the latest of ${channel}` : `${channel} leads to a newer release, and nothing moved`;
  return [
    `${what}: ${release} (${place})`,
    'Readers keep an answer for an hour; "nix flake update" and --refresh see this one at once.',
    permanentUrl,
    flakeInput(channel, channelUrl),
  ].join('\n');
}

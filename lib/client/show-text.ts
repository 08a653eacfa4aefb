import type { Added } from '../../lambda/publish/add-channel.ts';
import type { ChangedChannel } from '../../lambda/publish/change-record.ts';
import type { ListedChannel } from '../../lambda/publish/list-channels.ts';
import type { Rehearsed } from '../../lambda/publish/open-upload.ts';
import type { Published } from '../../lambda/publish/publication.ts';
import type { Removed } from '../../lambda/publish/remove-channel.ts';
import type { ShownChannel } from '../../lambda/publish/show-channel.ts';
import type { HistoryEntry, HistoryPage } from '../domain/history.ts';
import { isReadableChannel, quoted } from '../domain/names.ts';
import type { Yank } from '../domain/record-changes.ts';
import type { InspectedFile } from '../nar/inspect.ts';
import { formatBytes } from './progress.ts';
import { durationText, overdueText } from './settings-text.ts';
import { table } from './table.ts';

const would = (dryRun: boolean | undefined): string => (dryRun === true ? 'dry run, nothing was changed: ' : '');

export const addedText = ({ channel, fileExtension, visibility, fresh, channelUrl }: Added, dryRun?: boolean): string =>
  `${would(dryRun)}${fresh ? 'added' : 'is there already:'} ${channel} (${fileExtension}${visibility === 'public' ? ', public' : ''})\n${channelUrl}`;

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
                // Whether tokens are asked for is not known here: nothing is called private that may not be.
                listed.visibility === 'public' ? 'public' : '',
                overdueText(listed.maxAge),
              ],
        ),
      );

function entryRow(entry: HistoryEntry): string[] {
  if (!('serial' in entry)) return ['', '', entry.release];
  const { at, action, release = '', from, to, source, by, reason, visibility, maxAge } = entry;
  const moved = [
    source === undefined ? '' : `out of ${source}`,
    from === undefined || to === from ? '' : `from ${from}`,
    to === undefined || to === from ? '' : `to ${to}`,
    visibility ?? '',
    maxAge === undefined ? '' : overdueText(maxAge) || 'never overdue',
  ];
  return [
    at,
    action,
    release,
    moved.filter((part) => part !== '').join(' '),
    `by ${by}${reason === undefined ? '' : `: ${reason}`}`,
  ];
}

export const historyText = ({ entries, next }: HistoryPage): string =>
  `${table(entries.map(entryRow))}${next === undefined ? '' : `\n(older ones: --after ${next})`}`;

export function inspectedText(facts: Omit<InspectedFile, 'partSha256s'>): string {
  const { size, sha256, narHash, lastModified, rev, entries, unpackedSize, flake } = facts;
  const rows: [string, string | undefined][] = [
    ['size', formatBytes(size)],
    ['sha256', sha256],
    ['narHash', narHash],
    ['last modified', lastModified === undefined ? undefined : new Date(lastModified * 1_000).toISOString()],
    ['rev', rev],
    ['entries', entries?.toString()],
    ['unpacked', unpackedSize === undefined ? undefined : formatBytes(unpackedSize)],
    ['flake.nix', flake === undefined ? undefined : flake ? 'yes' : 'no'],
  ];
  return table(rows.filter((row): row is [string, string] => row[1] !== undefined));
}

export function shownText(shown: ShownChannel): string {
  const { channel, channelUrl, latest, permanentUrl, facts, fileExtension, previous, history, yanked, maxAge } = shown;
  const date = facts?.lastModified === undefined ? undefined : new Date(facts.lastModified * 1_000).toISOString();
  const rows: [string, string | undefined][] = [
    ['channel', channel],
    ['url', channelUrl],
    ['extension', fileExtension],
    ['visibility', `${shown.visibility}, where reading asks for tokens`],
    ['overdue', maxAge === null ? undefined : `after ${durationText(maxAge)}`],
    ['latest', latest ?? '(no release yet)'],
    ['permanent', permanentUrl],
    ['rev', facts?.rev],
    ['rev count', facts?.revCount?.toString()],
    ['last modified', date],
    ['narHash', facts?.narHash],
    ['sha256', facts?.sha256],
    ...shown.snippets.map(({ use, text }): [string, string] => [use, text]),
    ['earlier releases', String(previous)],
  ];
  const known = rows.filter((row): row is [string, string] => row[1] !== undefined);
  const reasons = Object.entries(yanked).map(([release, yank]) => [
    'yanked',
    `${release}: ${(yank as Partial<Yank> | null)?.reason ?? ''}`,
  ]);
  const entries = history.entries.length === 0 ? '' : `\n\n${historyText(history)}`;
  return `${table([...known, ...reasons])}${entries}`;
}

const deeds: Readonly<Record<string, string>> = {
  rollback: 'rolled back',
  promote: 'promoted',
  yank: 'yanked',
  unyank: 'yank taken back',
};

export function changedText(
  { channel, action, fresh, latest, from, permanentUrl }: ChangedChannel,
  dryRun?: boolean,
): string {
  const place = latest === null ? `${channel} leads to no release now` : `${channel} leads to ${latest}`;
  const moved = from === undefined || from === latest ? '' : `, before to ${from}`;
  const deed = fresh ? (deeds[action] ?? action) : 'is so already';
  return [`${would(dryRun)}${deed}: ${place}${moved}`, ...(permanentUrl === undefined ? [] : [permanentUrl])].join(
    '\n',
  );
}

export const removedText = ({ channel, fresh }: Removed, dryRun?: boolean): string =>
  `${would(dryRun)}${fresh ? 'removed' : 'was removed already'}: ${channel}; its releases still answer at /permanent`;

export function publishedText(answer: Published | Rehearsed): string {
  if (answer.status === 'rehearsed')
    return `${would(true)}${answer.release} would be uploaded and become the latest of ${answer.channel}`;
  const { channel, release, fresh, latest, sameAs, permanentUrl, snippets } = answer;
  const what = fresh ? 'published' : 'already published';
  const place = latest ? `the latest of ${channel}` : `${channel} leads to a newer release, and nothing moved`;
  return [
    `${what}: ${release} (${place})`,
    'The API leads to it within its maximum age, 30 s by default. Clients ask again after an hour, or by "nix flake update" and --refresh.',
    ...(sameAs === undefined ? [] : [`It has the same bytes as ${sameAs}: who has that one keeps it locked.`]),
    permanentUrl,
    ...snippets.map(({ text }) => text),
  ].join('\n');
}

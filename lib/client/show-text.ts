import type { Added } from '../../lambda/publish/add-channel.ts';
import type { ChangedChannel } from '../../lambda/publish/change-record.ts';
import type { ListedChannel } from '../../lambda/publish/list-channels.ts';
import type { Rehearsed } from '../../lambda/publish/open-upload.ts';
import type { Published } from '../../lambda/publish/publication.ts';
import type { Removed, Restored } from '../../lambda/publish/remove-channel.ts';
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
  `${would(dryRun)}${fresh ? 'added' : 'nothing changed: the channel is already there:'} ${channel} (${fileExtension}${visibility === 'public' ? ', public' : ''})\n${channelUrl}`;

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
    ...(shown.snippets ?? []).map(({ use, text }): [string, string] => [use, text]),
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

const deeds: Readonly<Record<string, { readonly done: string; readonly would: string }>> = {
  rollback: { done: 'rolled back', would: 'would roll back' },
  promote: { done: 'promoted', would: 'would promote' },
  yank: { done: 'yanked', would: 'would yank' },
  unyank: { done: 'took back the yank of', would: 'would take back the yank of' },
};

const soon =
  'Readers see it within the API\'s maximum age, 30 s by default. Nix asks again after an hour, or at once with "nix flake update" or --refresh.';

interface Asked {
  readonly dryRun?: boolean | undefined;
  /** The one that was yanked, or whose yank was taken back. */
  readonly release?: string;
}

/** What readers get after a change: another release than before, the same, or none. */
function nowText({ channel, latest, from }: ChangedChannel, moved: boolean, { dryRun, release }: Asked): string {
  const before = moved && from !== undefined ? ` (${dryRun ? 'now' : 'was'} ${from})` : '';
  if (latest === null)
    return `${channel} ${moved ? (dryRun ? 'would have' : 'now has') : 'still has'} no release: readers get 404${before}`;
  const how = moved ? (dryRun ? 'would' : 'now') : 'still';
  if (release !== undefined) return `readers of ${channel} ${how} get ${latest}${before}`;
  return `${channel} ${how === 'would' ? 'would point' : `${how} points`} to ${latest}${before}`;
}

export function changedText(changed: ChangedChannel, asked: Asked = {}): string {
  const { channel, action, fresh, latest, from, permanentUrl } = changed;
  const { dryRun = false, release } = asked;
  const url = permanentUrl === undefined ? [] : [permanentUrl];
  if (!fresh) {
    const yank = release === undefined ? '' : `${release} is ${action === 'yank' ? 'already' : 'not'} yanked, and `;
    const points = latest === null ? 'has no release' : `${yank === '' ? 'already ' : ''}points to ${latest}`;
    return [`nothing changed: ${yank}${channel} ${points}`, ...url].join('\n');
  }
  const moved = (from ?? null) !== latest;
  const { done, would: rehearsed } = deeds[action] ?? { done: action, would: `would ${action}` };
  const deed = `${dryRun ? rehearsed : done}${release === undefined ? '' : ` ${release}`}`;
  const first = `${would(dryRun)}${deed}: ${nowText(changed, moved, asked)}`;
  return [first, ...(moved && !dryRun ? [soon] : []), ...url].join('\n');
}

export function removedText({ channel, removed, fresh }: Removed, dryRun = false): string {
  if (!fresh) return `nothing changed: ${channel} is already removed`;
  if (dryRun) return `${would(dryRun)}would remove ${channel}: readers would get 410`;
  if (!removed) return `removed ${channel}, but it was restored since`;
  return `removed ${channel}: readers get 410. Its releases still answer at /permanent, and "channelctl restore ${channel}" takes it back.\n${soon}`;
}

export function restoredText(
  { channel, removed, fresh, latest, visibility, channelUrl }: Restored,
  dryRun = false,
): string {
  const points = latest === null ? 'has no release' : `points to ${latest}`;
  if (!fresh) return `nothing changed: ${channel} is not removed, and ${points}`;
  if (dryRun) return `${would(dryRun)}would restore ${channel}, which ${points}`;
  if (removed) return `restored ${channel}, but it was removed again since`;
  return `restored ${channel}${visibility === 'public' ? ' (public)' : ''}: it ${points}\n${soon}\n${channelUrl}`;
}

export function publishedText(answer: Published | Rehearsed): string {
  if (answer.status === 'rehearsed')
    return `${would(true)}${answer.release} would be uploaded and become the latest of ${answer.channel}`;
  const { channel, release, fresh, latest, latestRelease, sameAs, permanentUrl, snippets = [] } = answer;
  const moved = fresh && latest;
  const points = `points to ${latestRelease ?? 'another release'}`;
  const place = latest
    ? fresh
      ? `the latest of ${channel}`
      : `nothing changed: ${channel} already points to it`
    : `${fresh ? `${channel} now` : `nothing changed: ${channel} still`} ${points}; to go back to this one: channelctl rollback ${channel} --to ${release}`;
  return [
    `${fresh ? 'published' : 'already published'}: ${release} (${place})`,
    ...(moved ? [soon] : []),
    ...(sameAs === undefined ? [] : [`It has the same bytes as ${sameAs}: a lock of that one stays as it is.`]),
    permanentUrl,
    ...snippets.map(({ text }) => text),
  ].join('\n');
}

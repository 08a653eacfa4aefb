import type { ChannelDocument, IndexDocument, ReadableChange, ReadableRelease } from '../../../lib/api/reading.ts';
import { escapeControls } from '../../../lib/domain/names.ts';
import { formatBytes } from '../../../lib/domain/release.ts';
import type { Snippet } from '../../../lib/domain/snippets.ts';

export const useHeadings: Readonly<Record<Snippet['use'], string>> = {
  'flake input': 'As a flake input',
  'pinned flake input': 'As a flake input, pinned to this release',
  'nix-channel': 'With nix-channel',
  npins: 'With npins',
  fetchTarball: 'In a Nix expression',
  curl: 'To download the latest release',
  fetchurl: 'In a Nix expression',
};

/** Of a time in ISO 8601, or in seconds since 1970. */
export const dayOf = (time: string | number): string =>
  (typeof time === 'number' ? new Date(time * 1_000).toISOString() : escapeControls(time)).slice(0, 10);

/** How old a release is, in the largest unit of which there is at least one. Empty for what is no time. */
export function ageOf(time: string, now: number): string {
  const seconds = (now - Date.parse(time)) / 1_000;
  const units = [
    ['day', 86_400],
    ['hour', 3_600],
    ['minute', 60],
  ] as const;
  for (const [unit, length] of units) {
    const count = Math.floor(seconds / length);
    if (count >= 1) return `${count} ${unit}${count === 1 ? '' : 's'} ago`;
  }
  return seconds >= 0 ? 'just now' : '';
}

/** What is known of a release, each with its name. */
export function factRows(release: ReadableRelease): readonly (readonly [string, string])[] {
  const { rev, revUrl, revCount, lastModified, narHash, sha256, size, publishedAt } = release;
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['published', publishedAt && escapeControls(publishedAt)],
    ['rev', rev],
    ['source', revUrl && escapeControls(revUrl)],
    ['revCount', revCount?.toString()],
    ['lastModified', lastModified && new Date(lastModified * 1_000).toISOString()],
    ['narHash', narHash],
    ['sha256 of the file', sha256],
    ['size', size === undefined ? undefined : `${formatBytes(size)} (${size} bytes)`],
  ].map(([name, value]) => [name as string, value as string | undefined]);
  return rows.filter((row): row is readonly [string, string] => row[1] !== undefined);
}

/** How a sentence shows a release, and any other text. */
export interface Shown {
  readonly release: (name: string) => string;
  readonly text: (text: string) => string;
}

const plain: Shown = { release: escapeControls, text: escapeControls };

/** Without the full stop that some write and others do not. */
const clauseOf = (reason: string): string => reason.replace(/[\s.]+$/, '');

/** A change as a sentence without its end. */
export function changeText(change: ReadableChange, { release: named, text }: Shown = plain): string {
  const { action, release, count, from, to, source, reason } = change;
  const which = release === undefined ? `${count ?? 'some'} releases` : named(release);
  const because = reason === undefined ? '' : `: ${text(clauseOf(reason))}`;
  const next = to === undefined ? '' : `; the latest is ${named(to)}`;
  const said: Readonly<Record<string, string>> = {
    publish: `published ${which}`,
    promote: `promoted ${which}${source === undefined ? '' : ` from ${text(source)}`}`,
    rollback: `rolled back to ${which}${from === undefined ? '' : ` from ${named(from)}`}`,
    yank: `yanked ${which}${because}${next}`,
    unyank: `took back the yank of ${which}`,
    retire: `retired ${which}${because}`,
    unretire: `took back the retirement of ${which}${because}`,
    takedown: `took down ${which}${because}${next}`,
  };
  return said[action] ?? `${text(action)} ${which}${because}`;
}

/** Why a release has no URL, such as `yanked on 2026-01-31, because it does not boot`; undefined where it has one. */
export function withdrawnText({ yanked, retired }: ReadableRelease): string | undefined {
  const withdrawn = retired ?? yanked;
  if (withdrawn === undefined) return undefined;
  const { reason, at } = withdrawn;
  return [
    retired === undefined ? 'yanked' : 'retired',
    at === undefined ? '' : ` on ${dayOf(at)}`,
    reason === undefined ? '' : `, because ${escapeControls(clauseOf(reason))}`,
    retired?.instead === undefined ? '' : `; use ${escapeControls(retired.instead)} instead`,
  ].join('');
}

export const stateText = {
  served: '',
  empty: 'no release at present',
  removed: 'removed',
  unreadable: 'its record cannot be read: tell the operator of this service',
} as const;

const lines = (all: readonly (string | undefined)[]): string =>
  `${all.filter((line) => line !== undefined).join('\n')}\n`;

/** What a reader without an accepted token is told. */
export const privateNote = (base: string): string =>
  `Only public channels are listed. With your token in a netrc file, "channelctl list ${base}" and "channelctl show" have the others too.`;

export const indexText = (base: string, { channels, access, next }: IndexDocument): string =>
  lines([
    channels.length === 0 ? 'There are no channels that you may read.' : undefined,
    ...channels.map(({ channel, state, url, latest }) =>
      [channel, latest?.release ?? stateText[state], latest?.publishedAt && dayOf(latest.publishedAt), latest?.rev, url]
        .filter((cell) => cell !== undefined)
        .join('  '),
    ),
    access === 'public' ? `\n${privateNote(base)}` : undefined,
    next === undefined ? undefined : `\nMore: ${base}/?after=${encodeURIComponent(next)}`,
  ]);

export const channelText = (base: string, document: ChannelDocument, snippets: readonly Snippet[]): string => {
  const { channel, description, homepage, aliases = [], latest, releases, history, next } = document;
  return lines([
    channel,
    description && escapeControls(description),
    homepage && `Homepage: ${escapeControls(homepage)}`,
    aliases.length === 0 ? undefined : `Other names: ${aliases.map(escapeControls).join(', ')}`,
    ...(latest === null
      ? ['No release is published at present.']
      : [`Latest release: ${latest.release}`, ...factRows(latest).map(([name, value]) => `  ${name}: ${value}`)]),
    ...snippets.flatMap(({ use, text }) => [`\n${useHeadings[use]}:`, `  ${text}`]),
    history.length === 0 ? undefined : '\nHistory:',
    ...history.map((change) => `  ${dayOf(change.at)}  ${changeText(change)}`),
    releases.length === 0 ? undefined : '\nReleases:',
    ...releases.map((release) => `  ${release.url ?? `${release.release}  ${withdrawnText(release) ?? ''}`}`),
    next === undefined
      ? undefined
      : `\nMore: ${base}/channel/${encodeURIComponent(channel)}?after=${encodeURIComponent(next)}`,
  ]);
};

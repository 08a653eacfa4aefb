import type { Command } from 'commander';
import type { ChannelDocument, IndexDocument, ReadableRelease } from '../../api/reading.ts';
import { tarballFormatOf } from '../../domain/names.ts';
import { InvalidInput } from '../../domain/problem.ts';
import { formatBytes } from '../../domain/release.ts';
import { pages } from '../api/http.ts';
import { type ReadEntry, withdrawal } from '../reader/documents.ts';
import type { FoundChannel } from '../reader/find-channel.ts';
import type { ReaderApi } from '../reader/reader-api.ts';
import { isUrl, parseReaderUrl } from '../reader/reader-url.ts';
import { table, timeText } from '../text.ts';
import { type Globals, noteTo, type ProgramOptions, print } from './context.ts';

export interface ReadingFlags extends Globals {
  readonly asPublisher?: boolean;
  readonly netrc?: string;
}

export const readingDocs = 'docs/use.md and docs/reading.md';

export const readingHelp = `
It asks what any reader may ask, without AWS credentials. A private channel needs
a token: channelctl login URL. The service is that of a channel's URL, of --url, or
of CHANNELCTL_URL. With --as-publisher, --stack, --profile or --region, or where
only CHANNELCTL_STACK is set, it asks the publish API with AWS credentials.`;

/** The options of what both readers and publishers ask. */
export const addReadingOptions = (command: Command): Command =>
  addNetrcOption(
    command.option(
      '--as-publisher',
      'ask the publish API, with AWS credentials: also who made a change, visibility, maximum age',
    ),
  );

export const addNetrcOption = (command: Command): Command =>
  command.option('--netrc <file>', "the netrc file with the reader's token (default: the one that Nix reads)");

/** Whether the publish API is asked: where that was said, or where an option has no other meaning. */
export function asksPublishApi(
  { asPublisher, stack, profile, region, url }: ReadingFlags,
  { CHANNELCTL_URL, CHANNELCTL_STACK }: ProgramOptions['environment'],
  given?: string,
): boolean {
  if (asPublisher === true || [stack, profile, region].some((flag) => flag !== undefined)) return true;
  const isNamed = (given !== undefined && isUrl(given)) || url !== undefined || Boolean(CHANNELCTL_URL);
  return !isNamed && Boolean(CHANNELCTL_STACK);
}

/** A channel by its name or its URL, for the publish API. Only of a tarball is it known where the name ends. */
export function atPublishApi<Flags extends ReadingFlags>(
  given: string,
  flags: Flags,
): { channel: string; flags: Flags } {
  if (!isUrl(given)) return { channel: given, flags };
  const { base, file = '' } = parseReaderUrl(given);
  const format = tarballFormatOf(file) ?? '';
  return { channel: file.slice(0, file.length - format.length), flags: { ...flags, url: base } };
}

/** A channel by its name or its URL, from the JSON pages of its service. They are loaded only here. */
export async function findChannel(options: ProgramOptions, flags: ReadingFlags, given: string): Promise<FoundChannel> {
  const { findChannel } = await import('../reader/find-channel.ts');
  return findChannel({ ...options, note: noteTo(options) }, flags, given);
}

/** For a reader who may miss channels. */
function accessNote({ access }: IndexDocument, { base, credentials }: ReaderApi): string | undefined {
  if (access !== 'public') return undefined;
  const { authorization, netrcPath } = credentials;
  return authorization === undefined
    ? `These are the public channels. Others need a token: channelctl login ${base}`
    : `warning: these are only the public channels, because ${base} does not accept the token in ${netrcPath}: channelctl doctor reader ${base}`;
}

export async function readList(options: ProgramOptions, flags: ReadingFlags, given?: string): Promise<void> {
  const { readerApi } = await import('../reader/find-channel.ts');
  const api = await readerApi({ ...options, note: noteTo(options) }, flags, given);
  let first: IndexDocument | undefined;
  const channels: IndexDocument['channels'][number][] = [];
  for await (const page of pages((after?: string) => api.index(after))) {
    first ??= page;
    for (const channel of page.channels) channels.push(channel);
  }
  const index = { access: first?.access ?? 'open', channels };
  const note = accessNote(index, api);
  if (note !== undefined) noteTo(options)(note);
  print(options, flags, index, readListText);
}

const dayOf = ({ publishedAt, lastModified }: ReadableRelease): string =>
  publishedAt?.slice(0, 10) ?? (lastModified === undefined ? '' : timeText(lastModified).slice(0, 10));

const stateTexts: ReadonlyMap<string, string> = new Map([
  ['empty', '(no release yet)'],
  ['removed', '(removed)'],
  ['unreadable', '(its record is missing or damaged)'],
]);

export const readListText = ({ channels }: Pick<IndexDocument, 'channels'>): string =>
  channels.length === 0
    ? 'There are no channels to read.'
    : table(
        channels.map(({ channel, state, latest }) =>
          latest === null
            ? [channel, stateTexts.get(state) ?? `(${state})`, '', '']
            : [channel, latest.release, dayOf(latest), latest.rev ?? ''],
        ),
      );

export async function readShow(options: ProgramOptions, flags: ReadingFlags, given: string): Promise<void> {
  const { channel } = await findChannel(options, flags, given);
  print(options, flags, channel, readShowText);
}

type DescribedChannel = ChannelDocument & {
  readonly homepage?: string;
  readonly description?: string;
  readonly aliases?: readonly string[];
};

export function readShowText(document: DescribedChannel): string {
  const { channel, description, homepage, aliases, url, extension, latest, releases, history, next } = document;
  const {
    release,
    publishedAt,
    url: permanent,
    rev,
    revUrl,
    revCount,
    lastModified,
    size,
    narHash,
    sha256,
  } = (latest as ReadableRelease | null) ?? ({ release: '(no release yet)' } satisfies ReadableRelease);
  const earlier = releases.filter((each) => each.release !== latest?.release);
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['channel', channel],
    ['description', description],
    ['homepage', homepage],
    ['aliases', aliases?.join(', ')],
    ['url', url],
    ['extension', extension],
    ['latest', release],
    ['published', publishedAt],
    ['permanent', permanent],
    ['rev', rev],
    ['commit', revUrl],
    ['rev count', revCount?.toString()],
    ['last modified', lastModified === undefined ? undefined : timeText(lastModified)],
    ['size', size === undefined ? undefined : formatBytes(size)],
    ['narHash', narHash],
    ['sha256', sha256],
    ...(document.snippets ?? []).map(({ use, text }) => [use, text] as const),
    ['earlier releases', `${earlier.length}${next === undefined ? '' : ' and more'}`],
    ...(releases as readonly ReadableRelease[]).flatMap((each) => {
      const why = withdrawal(each);
      return why === undefined ? [] : [['unavailable', `${each.release} (${why})`] as const];
    }),
  ];
  const known = rows.filter((row): row is [string, string] => row[1] !== undefined);
  return `${table(known)}${history.length === 0 ? '' : `\n\n${readHistoryText({ entries: history })}`}`;
}

interface ReadHistory {
  readonly entries: readonly ReadEntry[];
  /** For `--after`; absent where nothing follows. */
  readonly next?: string;
}

/** The changes, then the releases that no change names, as the publish API lists them. */
async function* entriesOf({ api, channel }: FoundChannel): AsyncGenerator<ReadEntry> {
  yield* channel.history;
  const named = new Set(channel.history.filter(({ action }) => !action.endsWith('yank')).map(({ release }) => release));
  const ask = async (after?: string) => (after === undefined ? channel : api.channel(channel.channel, after));
  for await (const { releases } of pages(ask))
    for (const { release } of releases) if (!named.has(release)) yield { release };
}

/** A position in a history that stays valid while the channel moves: the time of a change, or the name of an older release. */
const positionOf = (entry: ReadEntry): string => ('at' in entry ? entry.at : entry.release);

export async function readHistory(
  options: ProgramOptions,
  flags: ReadingFlags & { readonly limit: number; readonly after?: string },
  given: string,
): Promise<void> {
  const { limit, after } = flags;
  const entries: ReadEntry[] = [];
  let isBegun = after === undefined;
  let isAtCursor = false;
  let next: string | undefined;
  for await (const entry of entriesOf(await findChannel(options, flags, given))) {
    const position = positionOf(entry);
    if (!isBegun) {
      // Changes of the same millisecond have one position, and are never on two pages.
      isBegun = isAtCursor && position !== after;
      isAtCursor ||= position === after;
      if (!isBegun) continue;
    }
    const last = entries.at(-1);
    if (entries.length >= limit && (last === undefined || positionOf(last) !== position)) {
      next = last === undefined ? after : positionOf(last);
      break;
    }
    entries.push(entry);
  }
  if (after !== undefined && !isAtCursor)
    throw new InvalidInput('after', 'The history no longer has this position: start again without --after.');
  print(options, flags, { entries, ...(next === undefined ? {} : { next }) }, readHistoryText);
}

function entryRow(entry: ReadEntry): string[] {
  if (!('action' in entry)) return ['', '', entry.release, '', ''];
  const { at, action, release = '', from, to, source, reason = '' } = entry;
  const moved = [
    source === undefined ? '' : `out of ${source}`,
    from === undefined || to === from ? '' : `from ${from}`,
    to === undefined || to === from ? '' : `to ${to}`,
  ];
  return [at, action, release, moved.filter((part) => part !== '').join(' '), reason];
}

export const readHistoryText = ({ entries, next }: ReadHistory): string =>
  `${entries.length === 0 ? 'There are no releases yet.' : table(entries.map(entryRow))}${next === undefined ? '' : `\n(older ones: --after ${next})`}`;

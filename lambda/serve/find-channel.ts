import { longestName, quoted } from '../../lib/domain/names.ts';
import { Gone, NotFound, type Problem } from '../../lib/domain/problem.ts';
import type { ChannelRecord } from '../../lib/domain/record.ts';
import type { CatalogView, ChannelDirectory, RecordView } from '../../lib/store/read/channel-directory.ts';
import { isListed, mayRead, type Readership } from './readership.ts';

export interface FoundChannel {
  readonly channel: string;
  readonly record: ChannelRecord;
  /** Milliseconds since 1970. */
  readonly changedAt: number;
  /** Whether the channel's page is asked for rather than its latest release. */
  readonly page: boolean;
}

/** A channel that is served, or why there is none. */
export type Finding =
  | { readonly found: FoundChannel }
  | {
      /** Called only for the answer that is sent, because an error is costly to create. */
      readonly problem: () => Problem;
      /**
       * `file`: a channel with its extension is what was asked for, and cannot be served. `page`: the same of its bare name, or of a
       * channel whose extension is not known. `nothing`: no channel that this reader may read has that address.
       */
      readonly of: 'file' | 'page' | 'nothing';
    };

type Directory = Pick<ChannelDirectory, 'catalog' | 'record'>;

/** Characters of a list of channels: Nix shows an error only under 1024 bytes. */
const listLength = 500;

function listOf(channels: readonly string[]): string {
  if (channels.length === 0) return 'There are no channels yet.';
  const shown: string[] = [];
  for (const channel of channels) {
    if (shown.join(', ').length + channel.length > listLength) break;
    shown.push(channel);
  }
  const more = channels.length - shown.length;
  return `Channels: ${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}.`;
}

/** The catalog's channel of this name; 410 where it was removed, 404 where it cannot be served. */
function served(catalog: CatalogView, channel: string, { record, changedAt }: RecordView, page: boolean): Finding {
  const of = page ? 'page' : 'file';
  if (catalog.removed.has(channel) || record?.removed !== undefined)
    return {
      of,
      problem: () =>
        new Gone(`The channel "${channel}" was removed. What was locked before still answers at /permanent.`),
    };
  if (record === undefined)
    return {
      of,
      problem: () =>
        new NotFound(
          `The record of the channel "${channel}" is missing or damaged: tell the operator of this service.`,
        ),
    };
  return { found: { channel, record, changedAt, page } };
}

/** Names only what this reader may read. */
const unknown = (catalog: CatalogView, channel: string, readership: Readership): Finding => ({
  of: 'nothing',
  problem: () =>
    new NotFound(
      `There is no channel ${quoted(channel)}. ${listOf([...catalog.channels].filter((name) => mayRead(readership, name)))}`,
    ),
});

const isReadable = (catalog: CatalogView, name: string, readership: Readership): boolean =>
  isListed(catalog, name) && mayRead(readership, name);

/** What a reader may not read is treated as if it were not there, before anything is asked of the bucket. */
export async function findChannel(directory: Directory, channel: string, readership: Readership): Promise<Finding> {
  const catalog = await directory.catalog();
  if (!isReadable(catalog, channel, readership)) return unknown(catalog, channel, readership);
  return served(catalog, channel, await directory.record(channel), false);
}

/**
 * The names that may be meant by a file such as `nixos-25.05.tar.xz`, longest first: every beginning that ends before a dot,
 * for an extension begins with one.
 */
const channelsIn = (file: string, catalog: CatalogView, readership: Readership): string[] =>
  [...file.slice(0, longestName + 1).matchAll(/\./g)]
    .map(({ index }) => file.slice(0, index))
    .filter((name) => isReadable(catalog, name, readership))
    .reverse();

/**
 * What `/channel/{file}` means: a channel with its extension, which comes first, or a channel's page, its bare name.
 * Extensions are known by the records alone, so those of all names that may be meant are looked at, together.
 */
export async function findByFile(directory: Directory, file: string, readership: Readership): Promise<Finding> {
  const catalog = await directory.catalog();
  const names = channelsIn(file, catalog, readership);
  const meant = isReadable(catalog, file, readership) ? [...names, file] : names;
  const views = await Promise.all(meant.map(async (name) => [name, await directory.record(name)] as const));
  for (const [name, view] of views) {
    if (view.record !== undefined && file === name + view.record.fileExtension)
      return served(catalog, name, view, false);
  }
  const own = views.find(([name]) => name === file);
  if (own !== undefined) return served(catalog, ...own, true);
  const [nearest] = views;
  if (nearest === undefined) return unknown(catalog, file, readership);
  const finding = served(catalog, ...nearest, true);
  // Without a record nobody knows its extension: this address may have been the right one.
  if ('problem' in finding) return nearest[1].record === undefined ? finding : { ...finding, of: 'nothing' };
  const { channel, record } = finding.found;
  const address = `/channel/${channel}${record.fileExtension}`;
  return {
    of: 'nothing',
    problem: () =>
      new NotFound(`The channel "${channel}" has the extension "${record.fileExtension}": ask for ${address}`),
  };
}

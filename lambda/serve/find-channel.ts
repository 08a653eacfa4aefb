import { longestName, quoted } from '../../lib/domain/names.ts';
import { Gone, NotFound } from '../../lib/domain/problem.ts';
import type { ChannelRecord } from '../../lib/domain/record.ts';
import type { CatalogView, ChannelDirectory, RecordView } from '../../lib/store/read/channel-directory.ts';

export interface FoundChannel {
  readonly channel: string;
  readonly record: ChannelRecord;
  /** Milliseconds since 1970. */
  readonly changedAt: number;
}

type Directory = Pick<ChannelDirectory, 'catalog' | 'record'>;

/** Characters of a list of channels: Nix shows an error only under 1024 bytes. */
const listLength = 500;

function listOf(channels: ReadonlySet<string>): string {
  if (channels.size === 0) return 'There are no channels yet.';
  const shown: string[] = [];
  for (const channel of channels) {
    if (shown.join(', ').length + channel.length > listLength) break;
    shown.push(channel);
  }
  const more = channels.size - shown.length;
  return `Channels: ${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}.`;
}

/** The catalog's channel of this name; 410 where it was removed, 404 where it cannot be served. */
function served(catalog: CatalogView, channel: string, { record, changedAt }: RecordView): FoundChannel {
  if (catalog.removed.has(channel) || record?.removed !== undefined)
    throw new Gone(`The channel "${channel}" was removed. What was locked before still answers at /permanent.`);
  if (record === undefined)
    throw new NotFound(
      `The record of the channel "${channel}" is missing or damaged: tell the operator of this service.`,
    );
  return { channel, record, changedAt };
}

const unknown = (catalog: CatalogView, channel: string): NotFound =>
  new NotFound(`There is no channel ${quoted(channel)}. ${listOf(catalog.channels)}`);

const isListed = ({ channels, removed }: CatalogView, name: string): boolean => channels.has(name) || removed.has(name);

export async function findChannel(directory: Directory, channel: string): Promise<FoundChannel> {
  const catalog = await directory.catalog();
  if (!isListed(catalog, channel)) throw unknown(catalog, channel);
  return served(catalog, channel, await directory.record(channel));
}

/**
 * The names that may be meant by a file such as `nixos-25.05.tar.xz`, longest first: every beginning that ends before a dot,
 * for an extension begins with one.
 */
const channelsIn = (file: string, catalog: CatalogView): string[] =>
  [...file.slice(0, longestName + 1).matchAll(/\./g)]
    .map(({ index }) => file.slice(0, index))
    .filter((name) => isListed(catalog, name))
    .reverse();

/**
 * What `/channel/{file}` means: a channel with its extension, which comes first, or a channel's page, its bare name.
 * Extensions are known by the records alone, so those of all names that may be meant are looked at, together.
 */
export async function findByFile(
  directory: Directory,
  file: string,
): Promise<FoundChannel & { readonly page: boolean }> {
  const catalog = await directory.catalog();
  const names = channelsIn(file, catalog);
  const meant = isListed(catalog, file) ? [...names, file] : names;
  const views = await Promise.all(meant.map(async (name) => [name, await directory.record(name)] as const));
  for (const [name, view] of views) {
    if (view.record !== undefined && file === name + view.record.fileExtension)
      return { ...served(catalog, name, view), page: false };
  }
  const own = views.find(([name]) => name === file);
  if (own !== undefined) return { ...served(catalog, ...own), page: true };
  const [nearest] = views;
  if (nearest === undefined) throw unknown(catalog, file);
  const { channel, record } = served(catalog, ...nearest);
  throw new NotFound(
    `The channel "${channel}" has the extension "${record.fileExtension}": ask for /channel/${channel}${record.fileExtension}`,
  );
}

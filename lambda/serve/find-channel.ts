import { longestName, quoted } from '../../lib/domain/names.ts';
import { Gone, NotFound } from '../../lib/domain/problem.ts';
import type { ChannelRecord } from '../../lib/domain/record.ts';
import type { CatalogView, ChannelDirectory } from '../../lib/store/read/channel-directory.ts';

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
export async function findChannel(directory: Directory, channel: string): Promise<FoundChannel> {
  const catalog = await directory.catalog();
  if (!catalog.channels.has(channel) && !catalog.removed.has(channel))
    throw new NotFound(`There is no channel ${quoted(channel)}. ${listOf(catalog.channels)}`);
  const { record, changedAt } = await directory.record(channel);
  if (catalog.removed.has(channel) || record?.removed !== undefined)
    throw new Gone(`The channel "${channel}" was removed. What was locked before still answers at /permanent.`);
  if (record === undefined)
    throw new NotFound(
      `The record of the channel "${channel}" is missing or damaged: tell the operator of this service.`,
    );
  return { channel, record, changedAt };
}

/**
 * The names that may be meant by a file such as `nixos-25.05.tar.xz`, longest first: every beginning that ends before a dot,
 * for an extension begins with one.
 */
const channelsIn = (file: string, { channels, removed }: CatalogView): string[] =>
  [...file.slice(0, longestName + 1).matchAll(/\./g)]
    .map(({ index }) => file.slice(0, index))
    .filter((name) => channels.has(name) || removed.has(name))
    .reverse();

/**
 * What `/channel/{file}` means: a channel with its extension, which comes first, or a channel's page, its bare name.
 * Extensions are known by the records alone, so those of all names that may be meant are looked at.
 */
export async function findByFile(
  directory: Directory,
  file: string,
): Promise<FoundChannel & { readonly page: boolean }> {
  const catalog = await directory.catalog();
  const names = channelsIn(file, catalog);
  for (const name of names) {
    const { record } = await directory.record(name);
    if (record !== undefined && file === name + record.fileExtension)
      return { ...(await findChannel(directory, name)), page: false };
  }
  const [nearest] = names;
  if (nearest === undefined || catalog.channels.has(file) || catalog.removed.has(file))
    return { ...(await findChannel(directory, file)), page: true };
  const { record } = await findChannel(directory, nearest);
  throw new NotFound(
    `The channel "${nearest}" has the extension "${record.fileExtension}": ask for /channel/${nearest}${record.fileExtension}`,
  );
}

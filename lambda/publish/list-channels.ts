import { type Catalog, catalogKey, type Visibility, visibilityOf } from '../../lib/domain/catalog.ts';
import { isReadableChannel } from '../../lib/domain/names.ts';
import { InvalidInput, Problem } from '../../lib/domain/problem.ts';
import { recordKey, resolvedRelease } from '../../lib/domain/record.ts';
import { channelUrl } from '../../lib/domain/urls.ts';
import { catalogOf, liveRecord } from './load-channel.ts';
import type { PublishOptions } from './publish-options.ts';

const pageLength = 100;

/** A channel in a few words, or what keeps it from being served. */
export type ListedChannel =
  | {
      readonly channel: string;
      readonly fileExtension: string;
      readonly visibility: Visibility;
      readonly latest: string | null;
      /** Seconds. */
      readonly maxAge: number | null;
      readonly channelUrl: string;
    }
  | { readonly channel: string; readonly problem: string };

export interface ChannelList {
  readonly channels: readonly ListedChannel[];
  /** Ask again after this channel for the rest; absent on the last page. */
  readonly next?: string;
}

type Options = Pick<PublishOptions, 'bucket' | 'baseUrl'>;

async function listed({ bucket, baseUrl }: Options, catalog: Catalog, channel: string): Promise<ListedChannel> {
  if (!isReadableChannel(channel)) return { channel, problem: 'This is no channel name: it is not served.' };
  const stored = await bucket.readText(recordKey(channel));
  try {
    const record = liveRecord(channel, stored?.text);
    const { fileExtension, maxAge = null } = record;
    return {
      channel,
      fileExtension,
      visibility: visibilityOf(catalog, channel),
      latest: resolvedRelease(record) ?? null,
      maxAge,
      channelUrl: channelUrl(baseUrl, channel, fileExtension),
    };
  } catch (error) {
    if (error instanceof Problem) return { channel, problem: error.message };
    throw error;
  }
}

/** The channels in the order of the catalog, from the one after `after` on. */
export async function listChannels(options: Options, after: string | undefined): Promise<ChannelList> {
  const catalog = catalogOf((await options.bucket.readText(catalogKey))?.text);
  const channels = [...new Set(catalog.channels)];
  const begin = after === undefined ? 0 : channels.indexOf(after) + 1;
  if (after !== undefined && begin === 0)
    throw new InvalidInput('after', 'This channel is not in the catalog: begin again without "after".');
  const page = channels.slice(begin, begin + pageLength);
  const next = begin + pageLength < channels.length ? page.at(-1) : undefined;
  return {
    channels: await Promise.all(page.map((channel) => listed(options, catalog, channel))),
    ...(next === undefined ? {} : { next }),
  };
}

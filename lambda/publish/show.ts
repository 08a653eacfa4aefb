import type { ChannelList, ListedChannel, ShownChannel } from '../../lib/api/answers.ts';
import { type Catalog, catalogKey, visibilityOf } from '../../lib/domain/catalog.ts';
import { latestMove } from '../../lib/domain/latest-since.ts';
import { isReadableChannel } from '../../lib/domain/names.ts';
import { InvalidInput, Problem } from '../../lib/domain/problem.ts';
import { historyPage, latestFacts, recordKey, resolvedRelease } from '../../lib/domain/record.ts';
import { candidates } from '../../lib/domain/record-changes.ts';
import { snippetsOf } from '../../lib/domain/snippets.ts';
import { channelUrl, permanentUrl } from '../../lib/domain/urls.ts';
import { catalogOf, liveRecord, loadChannel } from './load-channel.ts';
import type { PublishOptions } from './publish-options.ts';

export const longestPage = 100;

export async function showChannel(
  { bucket, baseUrl }: Pick<PublishOptions, 'bucket' | 'baseUrl'>,
  channel: string,
  { after, limit = longestPage }: { readonly after?: string | undefined; readonly limit?: number } = {},
): Promise<ShownChannel> {
  const { catalog, record } = await loadChannel(bucket, channel);
  const { fileExtension, serial, previous, yanked, maxAge = null } = record;
  const latest = resolvedRelease(record);
  const facts = latestFacts(record);
  return {
    channel,
    fileExtension,
    channelUrl: channelUrl(baseUrl, channel, fileExtension),
    visibility: visibilityOf(catalog, channel),
    maxAge,
    latest: latest ?? null,
    ...(latest === undefined ? {} : { permanentUrl: permanentUrl(baseUrl, latest + fileExtension) }),
    ...(facts === undefined ? {} : { facts }),
    snippets: snippetsOf(baseUrl, channel, record),
    serial,
    previous: previous.length,
    rollsBackTo: candidates(record)[0] ?? null,
    rolledBack: latestMove(record)?.action === 'rollback',
    yanked,
    history: historyPage(record, after, limit),
  };
}

const pageLength = 100;

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

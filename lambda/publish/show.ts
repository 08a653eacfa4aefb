import type { ChannelList, ListedChannel, ShownChannel } from '../../lib/api/answers.ts';
import { aboutOf } from '../../lib/domain/about.ts';
import { type Catalog, visibilityOf } from '../../lib/domain/catalog.ts';
import { isReadableChannel } from '../../lib/domain/names.ts';
import { InvalidInput, Problem } from '../../lib/domain/problem.ts';
import { type ChannelRecord, historyPage, latestFacts, resolvedRelease } from '../../lib/domain/record.ts';
import { latestMove, rollbackTargets } from '../../lib/domain/record-changes.ts';
import { retirementOf } from '../../lib/domain/retirement.ts';
import { snippetsOf } from '../../lib/domain/snippets.ts';
import { channelUrl, permanentUrl } from '../../lib/domain/urls.ts';
import { catalogDocument, liveRecordDocument, loadChannel, loadDocument } from './documents.ts';
import type { PublishOptions } from './observe-publish.ts';

type Options = Pick<PublishOptions, 'bucket' | 'baseUrl'>;

/** Changes of the history, or channels of the list. */
export const maxPageLength = 100;

const maxShownRetirements = 100;

const newestRetirements = (record: ChannelRecord): NonNullable<ShownChannel['retired']> =>
  Object.keys(record.retired)
    .flatMap((release) => {
      const mark = retirementOf(record, release);
      return mark === undefined ? [] : [{ release, ...mark }];
    })
    .sort((one, other) => Date.parse(other.at) - Date.parse(one.at) || 0);

export async function showChannel(
  { bucket, baseUrl }: Options,
  channel: string,
  { after, limit = maxPageLength }: { readonly after?: string | undefined; readonly limit?: number } = {},
): Promise<ShownChannel> {
  const { catalog, record } = await loadChannel(bucket, channel);
  const { fileExtension, serial, previous, yanked, maxAge = null } = record;
  const { pinned, retain } = record;
  const retirements = newestRetirements(record);
  const latest = resolvedRelease(record);
  const facts = latestFacts(record);
  return {
    channel,
    fileExtension,
    channelUrl: channelUrl(baseUrl, channel, fileExtension),
    visibility: visibilityOf(catalog, channel),
    maxAge,
    ...(Object.keys(record.others).length === 0 ? {} : aboutOf(record)),
    latest: latest ?? null,
    ...(latest === undefined ? {} : { permanentUrl: permanentUrl(baseUrl, latest + fileExtension) }),
    ...(facts === undefined ? {} : { facts }),
    snippets: snippetsOf(baseUrl, channel, record),
    serial,
    previous: previous.length,
    rollsBackTo: rollbackTargets(record)[0] ?? null,
    rolledBack: latestMove(record)?.action === 'rollback',
    yanked,
    pinned,
    retired: retirements.slice(0, maxShownRetirements),
    retiredCount: retirements.length,
    ...(retain === undefined ? {} : { retain }),
    history: historyPage(record, after, limit),
  };
}

async function listed({ bucket, baseUrl }: Options, catalog: Catalog, channel: string): Promise<ListedChannel> {
  if (!isReadableChannel(channel)) return { channel, problem: 'This is not a channel name, so it is not served.' };
  try {
    const record = await loadDocument(bucket, liveRecordDocument(channel));
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
    if (error instanceof Problem && error.status < 500) return { channel, problem: error.message };
    throw error;
  }
}

/** A page of the channels, in the order of the catalog. */
export async function listChannels(options: Options, after: string | undefined): Promise<ChannelList> {
  const catalog = await loadDocument(options.bucket, catalogDocument);
  const channels = [...new Set(catalog.channels)];
  const begin = after === undefined ? 0 : channels.indexOf(after) + 1;
  if (after !== undefined && begin === 0)
    throw new InvalidInput('after', 'This channel is not in the catalog: start again without "after".');
  const page = channels.slice(begin, begin + maxPageLength);
  const next = begin + maxPageLength < channels.length ? page.at(-1) : undefined;
  return {
    channels: await Promise.all(page.map((channel) => listed(options, catalog, channel))),
    ...(next === undefined ? {} : { next }),
  };
}

import { type Visibility, visibilityOf } from '../../lib/domain/catalog.ts';
import { type HistoryPage, historyPage } from '../../lib/domain/history.ts';
import { latestMove } from '../../lib/domain/latest-since.ts';
import { type ChannelRecord, type LatestFacts, latestFacts, resolvedRelease } from '../../lib/domain/record.ts';
import { candidates } from '../../lib/domain/record-changes.ts';
import { type Snippet, snippetsOf } from '../../lib/domain/snippets.ts';
import { channelUrl, permanentUrl } from '../../lib/domain/urls.ts';
import { loadChannel } from './load-channel.ts';
import type { PublishOptions } from './publish-options.ts';

export const longestPage = 100;

export interface ShownChannel {
  readonly channel: string;
  readonly fileExtension: string;
  readonly channelUrl: string;
  readonly visibility: Visibility;
  /** Seconds: the age of the latest release after which the channel counts as overdue. */
  readonly maxAge: number | null;
  readonly latest: string | null;
  readonly permanentUrl?: string;
  /** Those of the latest, where they are known. */
  readonly facts?: LatestFacts;
  /** How readers use it. Absent where the service is older than the command. */
  readonly snippets?: readonly Snippet[];
  readonly serial: number;
  /** How many releases were the latest before. */
  readonly previous: number;
  /** What a rollback leads to unless told otherwise; null where nothing earlier is left. */
  readonly rollsBackTo: string | null;
  /** Whether the latest became that by a rollback. */
  readonly rolledBack: boolean;
  /** Releases that the channel never leads to, each with why. */
  readonly yanked: ChannelRecord['yanked'];
  readonly history: HistoryPage;
}

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

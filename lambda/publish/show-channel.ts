import { type HistoryPage, historyPage } from '../../lib/domain/history.ts';
import type { LatestFacts } from '../../lib/domain/record.ts';
import { latestFacts } from '../../lib/domain/record.ts';
import { channelUrl, permanentUrl } from '../../lib/domain/urls.ts';
import { loadChannel } from './load-channel.ts';
import type { PublishOptions } from './publish-options.ts';

const pageLength = 100;

export interface ShownChannel {
  readonly channel: string;
  readonly fileExtension: string;
  readonly channelUrl: string;
  readonly latest: string | null;
  readonly permanentUrl?: string;
  /** Those of the latest, where they are known. */
  readonly facts?: LatestFacts;
  readonly serial: number;
  /** How many releases were the latest before. */
  readonly previous: number;
  readonly history: HistoryPage;
}

export async function showChannel(
  { bucket, baseUrl }: Pick<PublishOptions, 'bucket' | 'baseUrl'>,
  channel: string,
  after: string | undefined,
): Promise<ShownChannel> {
  const { record } = await loadChannel(bucket, channel);
  const { latest, fileExtension, serial, previous } = record;
  const facts = latestFacts(record);
  return {
    channel,
    fileExtension,
    channelUrl: channelUrl(baseUrl, channel, fileExtension),
    latest: latest ?? null,
    ...(latest === undefined ? {} : { permanentUrl: permanentUrl(baseUrl, latest + fileExtension) }),
    ...(facts === undefined ? {} : { facts }),
    serial,
    previous: previous.length,
    history: historyPage(record, after, pageLength),
  };
}

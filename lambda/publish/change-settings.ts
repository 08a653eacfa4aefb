import type { ChannelSettings } from '../../lib/api/answers.ts';
import type { SettingsRequest } from '../../lib/api/requests.ts';
import {
  type Catalog,
  catalogKey,
  formatCatalog,
  type Visibility,
  visibilityOf,
  withVisibility,
} from '../../lib/domain/catalog.ts';
import { assertExistingChannel } from '../../lib/domain/names.ts';
import { type ChannelRecord, changeOf, formatRecord, recordKey } from '../../lib/domain/record.ts';
import { type ChangedSettings, withSettings } from '../../lib/domain/record-changes.ts';
import { channelUrl } from '../../lib/domain/urls.ts';
import { compareAndSwap, operationUsed } from './change-record.ts';
import { assertListed, catalogOf, liveRecord } from './load-channel.ts';
import type { PublishOptions } from './publish-options.ts';

/** What of the request is not so already. */
function difference(request: SettingsRequest, visibility: Visibility, maxAge: number | null): ChangedSettings {
  return {
    ...(request.visibility === undefined || request.visibility === visibility
      ? {}
      : { visibility: request.visibility }),
    ...(request.maxAge === undefined || request.maxAge === maxAge ? {} : { maxAge: request.maxAge }),
  };
}

/** The visibility that this operation is to bring about, unless a later one wants another. */
function wantedVisibility({ history }: ChannelRecord, operation: string): Visibility | undefined {
  const newest = history.findLast(({ visibility }) => visibility !== undefined);
  return newest?.operation === operation ? newest.visibility : undefined;
}

/**
 * Changes a channel's settings. The record comes first, for its history tells which operation's turn the catalog is: one that
 * is repeated late does not undo what a newer one did.
 */
export async function changeSettings(
  options: PublishOptions,
  channel: string,
  request: SettingsRequest,
  by: string,
): Promise<ChannelSettings> {
  const { bucket, baseUrl, now, log } = options;
  const { operation, dryRun = false } = request;
  assertExistingChannel(channel);
  const visibilityNow = async (): Promise<Visibility> => {
    const catalog = catalogOf((await bucket.readText(catalogKey))?.text);
    assertListed(catalog, channel);
    return visibilityOf(catalog, channel);
  };
  let visibility = await visibilityNow();

  let change: ChangedSettings = {};
  const { record, fresh } = await compareAndSwap<ChannelRecord, { record: ChannelRecord; fresh: boolean }>(options, {
    key: recordKey(channel),
    parse: (text) => liveRecord(channel, text),
    format: formatRecord,
    dryRun,
    decide: async (current) => {
      change = {};
      const earlier = changeOf(current, operation);
      if (earlier !== undefined && earlier.action !== 'set') throw operationUsed(operation);
      if (earlier !== undefined) return { answer: { record: current, fresh: true } };
      // After the record: an operation that the history has already may be about to change the catalog.
      visibility = await visibilityNow();
      change = difference(request, visibility, current.maxAge ?? null);
      if (Object.keys(change).length === 0) return { answer: { record: current, fresh: false } };
      const next = withSettings(current, change, { operation, at: new Date(now()).toISOString(), by });
      return { answer: { record: next, fresh: true }, next };
    },
  });

  visibility = change.visibility ?? visibility;
  if (!dryRun && wantedVisibility(record, operation) !== undefined)
    visibility = await compareAndSwap<Catalog, Visibility>(options, {
      key: catalogKey,
      parse: catalogOf,
      format: formatCatalog,
      decide: async (catalog) => {
        assertListed(catalog, channel);
        const current = liveRecord(channel, (await bucket.readText(recordKey(channel)))?.text);
        const wanted = wantedVisibility(current, operation);
        if (wanted === undefined || wanted === visibilityOf(catalog, channel))
          return { answer: visibilityOf(catalog, channel) };
        return { answer: wanted, next: withVisibility(catalog, channel, wanted) };
      },
    });
  if (!dryRun && Object.keys(change).length > 0) log('info', 'set', { channel, operation, by, ...change });
  const { fileExtension, maxAge = null } = record;
  return { channel, visibility, maxAge, fresh, channelUrl: channelUrl(baseUrl, channel, fileExtension) };
}

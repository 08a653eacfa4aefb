import type { ChannelSettings } from '../../lib/api/answers.ts';
import type { SettingsRequest } from '../../lib/api/requests.ts';
import { type Visibility, visibilityOf, withVisibility } from '../../lib/domain/catalog.ts';
import { assertExistingChannel } from '../../lib/domain/names.ts';
import { type ChannelRecord, changeOf } from '../../lib/domain/record.ts';
import { type ChangedSettings, withSettings } from '../../lib/domain/record-changes.ts';
import { channelUrl } from '../../lib/domain/urls.ts';
import { operationUsed } from './change-record.ts';
import { assertListed, catalogDocument, compareAndSwap, liveRecordDocument, loadDocument } from './documents.ts';
import { authorOf, type PublishOptions } from './observe-publish.ts';

/** The requested settings that differ from the current ones. */
function difference(request: SettingsRequest, visibility: Visibility, maxAge: number | null): ChangedSettings {
  return {
    ...(request.visibility === undefined || request.visibility === visibility
      ? {}
      : { visibility: request.visibility }),
    ...(request.maxAge === undefined || request.maxAge === maxAge ? {} : { maxAge: request.maxAge }),
  };
}

/** The visibility that this operation asked for, unless a later operation asked for another. */
function wantedVisibility({ history }: ChannelRecord, operation: string): Visibility | undefined {
  const newest = history.findLast(({ visibility }) => visibility !== undefined);
  return newest?.operation === operation ? newest.visibility : undefined;
}

/**
 * Changes a channel's settings. The record comes first, because its history has the order of the operations: one that is
 * repeated late does not undo what a newer one did.
 */
export async function changeSettings(
  options: PublishOptions,
  channel: string,
  request: SettingsRequest,
  by: string,
): Promise<ChannelSettings> {
  const { bucket, baseUrl, log } = options;
  const { operation, dryRun = false } = request;
  assertExistingChannel(channel);
  const visibilityNow = async (): Promise<Visibility> => {
    const catalog = await loadDocument(bucket, catalogDocument);
    assertListed(catalog, channel);
    return visibilityOf(catalog, channel);
  };
  let visibility = await visibilityNow();

  let change: ChangedSettings = {};
  const { record, fresh } = await compareAndSwap(options, liveRecordDocument(channel), {
    dryRun,
    decide: async (current) => {
      change = {};
      const earlier = changeOf(current, operation);
      if (earlier !== undefined && earlier.action !== 'set') throw operationUsed(operation);
      if (earlier !== undefined) return { answer: { record: current, fresh: true } };
      // After the record: an operation that is in the history may be about to change the catalog.
      visibility = await visibilityNow();
      change = difference(request, visibility, current.maxAge ?? null);
      if (Object.keys(change).length === 0) return { answer: { record: current, fresh: false } };
      const next = withSettings(current, change, authorOf(options, operation, by));
      return { answer: { record: next, fresh: true }, next };
    },
  });

  visibility = change.visibility ?? visibility;
  if (!dryRun && wantedVisibility(record, operation) !== undefined)
    visibility = await compareAndSwap(options, catalogDocument, {
      decide: async (catalog) => {
        assertListed(catalog, channel);
        const current = await loadDocument(bucket, liveRecordDocument(channel));
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

import type { SettingsRequest } from '../../lib/api/admin-requests.ts';
import type { ChannelSettings } from '../../lib/api/answers.ts';
import { Conflict } from '../../lib/api/problem.ts';
import { aboutDifference, aboutOf, indirectName, indirectText, withAbout } from '../../lib/domain/about.ts';
import { type Catalog, type Visibility, visibilityOf, withVisibility } from '../../lib/domain/catalog.ts';
import { assertExistingChannel, isReadableChannel } from '../../lib/domain/names.ts';
import { Problem } from '../../lib/domain/problem.ts';
import type { ChannelRecord } from '../../lib/domain/record.ts';
import { type ChangedSettings, withSettings } from '../../lib/domain/record-changes.ts';
import { channelUrl } from '../../lib/domain/urls.ts';
import { mapLimit, maxConcurrentRequests } from '../../lib/store/write/s3-requests.ts';
import { earlierChange } from './change-record.ts';
import {
  assertListed,
  catalogDocument,
  channelRemoved,
  compareAndSwap,
  liveRecordDocument,
  loadDocument,
  recordDocument,
  recordMissing,
} from './documents.ts';
import { authorOf, type PublishOptions } from './observe-publish.ts';

/** The requested settings that differ from the current ones. */
function difference(request: SettingsRequest, visibility: Visibility, record: ChannelRecord): ChangedSettings {
  const about = Object.keys(aboutDifference(record, request));
  return {
    ...(request.visibility === undefined || request.visibility === visibility
      ? {}
      : { visibility: request.visibility }),
    ...(request.maxAge === undefined || request.maxAge === (record.maxAge ?? null) ? {} : { maxAge: request.maxAge }),
    ...(about.length === 0 ? {} : { reason: about.join(', ') }),
  };
}

/** The policy that is asked for, if it differs from the current one. */
function retainDifference({ retain }: SettingsRequest, current: ChannelRecord['retain']): ChangedSettings {
  const isSame =
    retain === null ? current === undefined : retain?.keep === current?.keep && retain?.days === current?.days;
  return retain === undefined || isSame ? {} : { retain };
}

/** The visibility that this operation asked for, unless a later operation asked for another. */
function wantedVisibility({ history }: ChannelRecord, operation: string): Visibility | undefined {
  const newest = history.findLast(({ visibility }) => visibility !== undefined);
  return newest?.operation === operation ? newest.visibility : undefined;
}

/** Records that one request reads to find out who has a name. In a larger catalog the registry only has each name once. */
const maxRecords = 1_500;

/**
 * Throws where another channel has one of these names in the registry: Nix takes the first entry of a name. Two requests at the
 * same time can both pass, so the registry does not rely on this.
 */
async function assertAliasesFree({ bucket }: PublishOptions, channel: string, aliases: readonly string[]) {
  const { channels } = await loadDocument(bucket, catalogDocument);
  const others = channels.filter((name) => name !== channel && isReadableChannel(name)).slice(0, maxRecords);
  const wanted = new Set(aliases);
  await mapLimit(others, maxConcurrentRequests, async (other) => {
    const own = indirectName(other);
    const record = await loadDocument(bucket, liveRecordDocument(other)).catch((error: unknown) => {
      if (error instanceof Problem && error.status < 500) return undefined;
      throw error;
    });
    const { aliases: theirs = [] } = record === undefined ? {} : aboutOf(record);
    const taken = [...(own === undefined ? [] : [indirectText(own)]), ...theirs].find((name) => wanted.has(name));
    if (taken !== undefined)
      throw new Conflict(
        'alias-used',
        `The channel "${other}" already has the name "${taken}" in the flake registry: choose another alias, or take it from that channel first.`,
      );
  });
}

/**
 * Lets the catalog follow what the record's history says about the visibility. A channel may have been removed since the record
 * was written: then it still becomes private, because its releases can still be read, but never public.
 */
const followVisibility = (
  { bucket, ...options }: PublishOptions,
  channel: string,
  operation: string,
): Promise<Visibility> =>
  compareAndSwap({ bucket, ...options }, catalogDocument, {
    decide: async (catalog): Promise<{ answer: Visibility; next?: Catalog }> => {
      const record = await loadDocument(bucket, recordDocument(channel));
      if (record === undefined) throw recordMissing(channel);
      const current = visibilityOf(catalog, channel);
      const wanted = wantedVisibility(record, operation) ?? current;
      if (wanted === 'public' || !catalog.removed.includes(channel)) assertListed(catalog, channel);
      if (wanted === 'public' && record.removed !== undefined) throw channelRemoved(channel);
      return { answer: wanted, ...(wanted === current ? {} : { next: withVisibility(catalog, channel, wanted) }) };
    },
  });

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
  const { operation, dryRun = false, aliases = [] } = request;
  assertExistingChannel(channel);
  const loadCatalog = (): Promise<Catalog> => loadDocument(bucket, catalogDocument);
  const first = await loadCatalog();
  if (!first.removed.includes(channel)) assertListed(first, channel);
  if (aliases.length > 0) await assertAliasesFree(options, channel, aliases);
  let visibility = visibilityOf(first, channel);

  let change: ChangedSettings = {};
  const { record, fresh } = await compareAndSwap(options, recordDocument(channel), {
    dryRun,
    decide: async (current) => {
      change = {};
      if (current === undefined) throw recordMissing(channel);
      const earlier = earlierChange(current, operation, 'set');
      if (earlier !== undefined) return { answer: { record: current, fresh: true } };
      // After the record: an operation that is in the history may be about to change the catalog.
      const catalog = await loadCatalog();
      assertListed(catalog, channel);
      if (current.removed !== undefined) throw channelRemoved(channel);
      visibility = visibilityOf(catalog, channel);
      change = { ...difference(request, visibility, current), ...retainDifference(request, current.retain) };
      if (Object.keys(change).length === 0) return { answer: { record: current, fresh: false } };
      const said = withAbout(current, aboutDifference(current, request));
      const next = withSettings(said, change, authorOf(options, operation, by));
      return { answer: { record: next, fresh: true }, next };
    },
  });

  visibility = change.visibility ?? visibility;
  if (!dryRun && wantedVisibility(record, operation) !== undefined)
    visibility = await followVisibility(options, channel, operation);
  if (!dryRun && Object.keys(change).length > 0) log('info', 'set', { channel, operation, by, ...change });
  const { fileExtension, maxAge = null, retain = null } = record;
  return {
    channel,
    visibility,
    maxAge,
    retain,
    ...aboutOf(record),
    fresh,
    channelUrl: channelUrl(baseUrl, channel, fileExtension),
  };
}

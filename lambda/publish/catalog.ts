import type { Addition, Removal } from '../../lib/api/admin-requests.ts';
import type { Added, Removed, Restored } from '../../lib/api/answers.ts';
import { Conflict } from '../../lib/api/problem.ts';
import {
  type Catalog,
  type Visibility,
  visibilityOf,
  addChannel as withChannel,
  removeChannel as withoutChannel,
  restoreChannel as withRestored,
} from '../../lib/domain/catalog.ts';
import { assertChannelName, assertExistingChannel, assertExtension, quoted } from '../../lib/domain/names.ts';
import { NotFound, Unavailable } from '../../lib/domain/problem.ts';
import { type ChannelRecord, changeOf, defaultExtension, resolvedRelease } from '../../lib/domain/record.ts';
import { newRecord, withRemoval, withRestoration } from '../../lib/domain/record-changes.ts';
import { channelUrl } from '../../lib/domain/urls.ts';
import { earlierChange } from './change-record.ts';
import { catalogDocument, compareAndSwap, loadDocument, recordDocument, recordMissing } from './documents.ts';
import { authorOf, type PublishOptions } from './observe-publish.ts';

const nameUsed = (channel: string): Conflict =>
  new Conflict(
    'name-used',
    `The channel "${channel}" was removed, and its name is never used for a new channel: choose another name, or restore the channel with "channelctl restore ${channel}".`,
  );

/** The record comes first, then the catalog: each channel of the catalog must have a record. */
export async function addChannel(options: PublishOptions, addition: Addition, by: string): Promise<Added> {
  const { bucket, baseUrl, log } = options;
  const { operation, channel, fileExtension = defaultExtension, visibility: wanted, dryRun } = addition;
  assertChannelName(channel);
  assertExtension(fileExtension);
  const { removed } = await loadDocument(bucket, catalogDocument);
  if (removed.includes(channel)) throw nameUsed(channel);

  const isCreated = await compareAndSwap(options, recordDocument(channel), {
    dryRun,
    decide: (record) => {
      if (record === undefined)
        return { answer: true, next: newRecord(fileExtension, authorOf(options, operation, by)) };
      if (record.removed !== undefined) throw nameUsed(channel);
      if (record.fileExtension !== fileExtension)
        throw new Conflict(
          'other-extension',
          `The channel "${channel}" already exists with the extension "${record.fileExtension}".`,
        );
      return { answer: changeOf(record, operation) !== undefined };
    },
  });

  const { isListed, visibility } = await compareAndSwap(options, catalogDocument, {
    dryRun,
    decide: (catalog): { answer: { isListed: boolean; visibility: Visibility }; next?: Catalog } => {
      if (catalog.removed.includes(channel)) throw nameUsed(channel);
      if (!catalog.channels.includes(channel)) {
        const next = withChannel(catalog, channel, wanted);
        return { answer: { isListed: true, visibility: visibilityOf(next, channel) }, next };
      }
      const current = visibilityOf(catalog, channel);
      if (wanted !== undefined && wanted !== current && !isCreated)
        throw new Conflict(
          'other-visibility',
          `The channel "${channel}" already exists and is ${current}: change that with "channelctl set ${channel} --visibility ${wanted}".`,
        );
      return { answer: { isListed: false, visibility: current } };
    },
  });

  const fresh = isCreated || isListed;
  if (dryRun !== true) log('info', 'added', { channel, operation, by, fileExtension, visibility, fresh });
  return { channel, fileExtension, visibility, fresh, channelUrl: channelUrl(baseUrl, channel, fileExtension) };
}

const agrees = ({ channels, removed }: Catalog, channel: string, isRemoved: boolean): boolean =>
  isRemoved ? !channels.includes(channel) : channels.includes(channel) && !removed.includes(channel);

const maxRounds = 10;

/**
 * Moves a channel's name between `channels` and `removed` until the catalog agrees with the record; false where it did already.
 * The record is read again after each move, because a removal and a restoration may run at the same time.
 */
export async function followRecord(
  options: Pick<PublishOptions, 'bucket' | 'now' | 'sleep'>,
  channel: string,
): Promise<boolean> {
  for (let round = 0; round < maxRounds; round += 1) {
    const isMoved = await compareAndSwap(options, catalogDocument, {
      decide: async (catalog) => {
        const record = await loadDocument(options.bucket, recordDocument(channel));
        const isRemoved = record === undefined || record.removed !== undefined;
        if (agrees(catalog, channel, isRemoved)) return { answer: false };
        return { answer: true, next: (isRemoved ? withoutChannel : withRestored)(catalog, channel) };
      },
    });
    if (!isMoved) return round > 0;
  }
  throw new Unavailable(
    `Others are removing and restoring "${channel}" at the same time: look at the channel, then run the command again.`,
  );
}

interface Marked {
  /** Undefined only for a removal of a channel that has no record. */
  readonly record: ChannelRecord | undefined;
  /** Whether this operation changed the record or the catalog. */
  readonly fresh: boolean;
}

/**
 * Marks the record as removed or takes the mark off, then lets the catalog follow. Readers get 410 where either of the two says
 * that the channel is removed: between the two writes a removal is in effect, and a restoration is not yet.
 */
async function markRemoved(
  options: PublishOptions,
  action: 'remove' | 'restore',
  channel: string,
  { operation, dryRun }: Removal,
  by: string,
): Promise<Marked> {
  const isRemoval = action === 'remove';
  assertExistingChannel(channel);
  const catalog = await loadDocument(options.bucket, catalogDocument);
  if (!catalog.channels.includes(channel) && !catalog.removed.includes(channel))
    throw new NotFound(`There is no channel ${quoted(channel)}.`);

  const { record, fresh } = await compareAndSwap(options, recordDocument(channel), {
    dryRun,
    decide: (current): { answer: Marked; next?: ChannelRecord } => {
      if (current === undefined) {
        if (isRemoval) return { answer: { record: current, fresh: false } };
        throw recordMissing(channel);
      }
      const earlier = earlierChange(current, operation, action);
      if (earlier !== undefined) return { answer: { record: current, fresh: true } };
      if ((current.removed !== undefined) === isRemoval) return { answer: { record: current, fresh: false } };
      const next = (isRemoval ? withRemoval : withRestoration)(current, authorOf(options, operation, by));
      return { answer: { record: next, fresh: true }, next };
    },
  });
  if (dryRun === true) return { record, fresh: fresh || !agrees(catalog, channel, isRemoval) };
  const isMoved = await followRecord(options, channel);
  options.log('info', isRemoval ? 'removed' : 'restored', { channel, operation, by, fresh: fresh || isMoved });
  return { record, fresh: fresh || isMoved };
}

/** Nothing is deleted: the channel's releases still answer, and restoreChannel restores the channel. */
export async function removeChannel(
  options: PublishOptions,
  channel: string,
  request: Removal,
  by: string,
): Promise<Removed> {
  const { record, fresh } = await markRemoved(options, 'remove', channel, request, by);
  return { channel, removed: record === undefined || record.removed !== undefined, fresh };
}

/** The channel is as it was when it was removed: no other channel can have had its name since. */
export async function restoreChannel(
  options: PublishOptions,
  channel: string,
  request: Removal,
  by: string,
): Promise<Restored> {
  const { record, fresh } = await markRemoved(options, 'restore', channel, request, by);
  const { removed, fileExtension } = record as ChannelRecord;
  return {
    channel,
    removed: removed !== undefined,
    fresh,
    latest: resolvedRelease(record as ChannelRecord) ?? null,
    visibility: visibilityOf(await loadDocument(options.bucket, catalogDocument), channel),
    channelUrl: channelUrl(options.baseUrl, channel, fileExtension),
  };
}

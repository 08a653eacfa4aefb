import type { Added, Removed, Restored } from '../../lib/api/answers.ts';
import { Conflict } from '../../lib/api/problem.ts';
import type { Addition, Removal } from '../../lib/api/requests.ts';
import {
  type Catalog,
  catalogKey,
  formatCatalog,
  visibilityOf,
  addChannel as withChannel,
  removeChannel as withoutChannel,
  restoreChannel as withRestored,
} from '../../lib/domain/catalog.ts';
import { assertChannelName, assertExistingChannel, assertExtension, quoted } from '../../lib/domain/names.ts';
import { NotFound, Unavailable } from '../../lib/domain/problem.ts';
import {
  type ChannelRecord,
  changeOf,
  defaultExtension,
  formatRecord,
  recordKey,
  resolvedRelease,
} from '../../lib/domain/record.ts';
import { newRecord, withRemoval, withRestoration } from '../../lib/domain/record-changes.ts';
import { channelUrl } from '../../lib/domain/urls.ts';
import { compareAndSwap, operationUsed } from './change-record.ts';
import { catalogOf, recordOf } from './load-channel.ts';
import type { PublishOptions } from './publish-options.ts';

const used = (channel: string): Conflict =>
  new Conflict(
    'name-used',
    `The channel "${channel}" was removed, and no new channel gets its name: choose another name, or take the removal back with "channelctl restore ${channel}".`,
  );

/** The record first, then the catalog: a channel that the catalog has must have a record. */
export async function addChannel(options: PublishOptions, addition: Addition, by: string): Promise<Added> {
  const { bucket, baseUrl, now, log } = options;
  const { operation, channel, fileExtension = defaultExtension, visibility: asked, dryRun = false } = addition;
  assertChannelName(channel);
  assertExtension(fileExtension);
  const catalog = catalogOf((await bucket.readText(catalogKey))?.text);
  if (catalog.removed.includes(channel)) throw used(channel);

  const created = await compareAndSwap<ChannelRecord | undefined, boolean>(options, {
    key: recordKey(channel),
    parse: (text) => (text === undefined ? undefined : recordOf(channel, text)),
    format: (record) => formatRecord(record as ChannelRecord),
    dryRun,
    decide: (record) => {
      if (record === undefined)
        return { answer: true, next: newRecord(fileExtension, { operation, at: new Date(now()).toISOString(), by }) };
      if (record.removed !== undefined) throw used(channel);
      if (record.fileExtension !== fileExtension)
        throw new Conflict(
          'other-extension',
          `The channel "${channel}" is there with the extension "${record.fileExtension}".`,
        );
      return { answer: changeOf(record, operation) !== undefined };
    },
  });

  const { listed, visibility } = await compareAndSwap<Catalog, Pick<Added, 'visibility'> & { listed: boolean }>(
    options,
    {
      key: catalogKey,
      parse: catalogOf,
      format: formatCatalog,
      dryRun,
      decide: (current) => {
        if (current.removed.includes(channel)) throw used(channel);
        if (!current.channels.includes(channel)) {
          const next = withChannel(current, channel, asked);
          return { answer: { listed: true, visibility: visibilityOf(next, channel) }, next };
        }
        const there = visibilityOf(current, channel);
        if (asked !== undefined && asked !== there && !created)
          throw new Conflict(
            'other-visibility',
            `The channel "${channel}" is there and ${there}: "channelctl set ${channel} --visibility ${asked}" changes that.`,
          );
        return { answer: { listed: false, visibility: there } };
      },
    },
  );
  const fresh = created || listed;
  if (!dryRun) log('info', 'added', { channel, operation, by, fileExtension, visibility, fresh });
  return { channel, fileExtension, visibility, fresh, channelUrl: channelUrl(baseUrl, channel, fileExtension) };
}

/** How often the catalog is brought into line with a record that changes meanwhile. */
const maxRounds = 10;

const agrees = ({ channels, removed }: Catalog, channel: string, isRemoved: boolean): boolean =>
  isRemoved ? !channels.includes(channel) : channels.includes(channel) && !removed.includes(channel);

/**
 * Moves a channel's name between `channels` and `removed` until it is where the record says; false where it was there. The
 * record is read again after each move, because a removal and a restoration may run at the same time.
 */
export async function settleCatalog(
  options: Pick<PublishOptions, 'bucket' | 'now' | 'sleep'>,
  channel: string,
): Promise<boolean> {
  for (let round = 0; round < maxRounds; round += 1) {
    const moved = await compareAndSwap<Catalog, boolean>(options, {
      key: catalogKey,
      parse: catalogOf,
      format: formatCatalog,
      decide: async (catalog) => {
        const text = (await options.bucket.readText(recordKey(channel)))?.text;
        const isRemoved = text === undefined || recordOf(channel, text).removed !== undefined;
        if (agrees(catalog, channel, isRemoved)) return { answer: false };
        return { answer: true, next: (isRemoved ? withoutChannel : withRestored)(catalog, channel) };
      },
    });
    if (!moved) return round > 0;
  }
  throw new Unavailable(`Others remove and restore "${channel}" at the same time: look again, then decide.`);
}

interface Settled {
  readonly record: ChannelRecord | undefined;
  readonly catalog: Catalog;
  readonly fresh: boolean;
}

/**
 * Changes the record, then lets the catalog follow. Readers get 410 where either of the two says that the channel is removed,
 * so between the two writes a removal is done, and a restoration is not.
 */
async function settle(
  options: PublishOptions,
  action: 'remove' | 'restore',
  channel: string,
  { operation, dryRun = false }: Removal,
  by: string,
): Promise<Settled> {
  const { bucket, now } = options;
  const removes = action === 'remove';
  assertExistingChannel(channel);
  const catalog = catalogOf((await bucket.readText(catalogKey))?.text);
  if (!catalog.channels.includes(channel) && !catalog.removed.includes(channel))
    throw new NotFound(`There is no channel ${quoted(channel)}.`);

  const { record, marked } = await compareAndSwap<
    ChannelRecord | undefined,
    { record: ChannelRecord | undefined; marked: boolean }
  >(options, {
    key: recordKey(channel),
    parse: (text) => (text === undefined ? undefined : recordOf(channel, text)),
    format: (value) => formatRecord(value as ChannelRecord),
    dryRun,
    decide: (current) => {
      if (current === undefined) {
        if (removes) return { answer: { record: current, marked: false } };
        throw new NotFound(`There is no record of the channel ${quoted(channel)} in the bucket.`);
      }
      const earlier = changeOf(current, operation);
      if (earlier !== undefined && earlier.action !== action) throw operationUsed(operation);
      if (earlier !== undefined) return { answer: { record: current, marked: true } };
      if ((current.removed !== undefined) === removes) return { answer: { record: current, marked: false } };
      const author = { operation, at: new Date(now()).toISOString(), by };
      const next = removes ? withRemoval(current, author) : withRestoration(current, author);
      return { answer: { record: next, marked: true }, next };
    },
  });
  if (dryRun) return { record, catalog, fresh: marked || !agrees(catalog, channel, removes) };
  const moved = await settleCatalog(options, channel);
  options.log('info', removes ? 'removed' : 'restored', { channel, operation, by, fresh: marked || moved });
  return { record, catalog: catalogOf((await bucket.readText(catalogKey))?.text), fresh: marked || moved };
}

/** Nothing is deleted: the channel's releases still answer, and restoreChannel takes it back. */
export async function removeChannel(
  options: PublishOptions,
  channel: string,
  request: Removal,
  by: string,
): Promise<Removed> {
  const { record, fresh } = await settle(options, 'remove', channel, request, by);
  return { channel, removed: record === undefined || record.removed !== undefined, fresh };
}

/** The channel is as it was when it was removed: nobody else can have had its name meanwhile. */
export async function restoreChannel(
  options: PublishOptions,
  channel: string,
  request: Removal,
  by: string,
): Promise<Restored> {
  const { record, catalog, fresh } = await settle(options, 'restore', channel, request, by);
  const { removed, fileExtension } = record as ChannelRecord;
  return {
    channel,
    removed: removed !== undefined,
    fresh,
    latest: resolvedRelease(record as ChannelRecord) ?? null,
    visibility: visibilityOf(catalog, channel),
    channelUrl: channelUrl(options.baseUrl, channel, fileExtension),
  };
}

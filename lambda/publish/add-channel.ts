import { Conflict } from '../../lib/api/problem.ts';
import {
  type Catalog,
  catalogKey,
  formatCatalog,
  type Visibility,
  visibilityOf,
  addChannel as withChannel,
} from '../../lib/domain/catalog.ts';
import { assertChannelName, assertExtension } from '../../lib/domain/names.ts';
import { type ChannelRecord, changeOf, defaultExtension, formatRecord, recordKey } from '../../lib/domain/record.ts';
import { newRecord } from '../../lib/domain/record-changes.ts';
import { channelUrl } from '../../lib/domain/urls.ts';
import { compareAndSwap } from './compare-and-swap.ts';
import { catalogOf, recordOf } from './load-channel.ts';
import type { PublishOptions } from './publish-options.ts';
import type { Addition } from './requests.ts';

export interface Added {
  readonly channel: string;
  readonly fileExtension: string;
  readonly visibility: Visibility;
  /** Whether this very operation added it, rather than an earlier one. */
  readonly fresh: boolean;
  readonly channelUrl: string;
}

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

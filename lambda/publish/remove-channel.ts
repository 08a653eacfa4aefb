import { type Catalog, catalogKey, formatCatalog, removeChannel as withoutChannel } from '../../lib/domain/catalog.ts';
import { assertExistingChannel, quoted } from '../../lib/domain/names.ts';
import { NotFound } from '../../lib/domain/problem.ts';
import { type ChannelRecord, changeOf, formatRecord, recordKey } from '../../lib/domain/record.ts';
import { withRemoval } from '../../lib/domain/record-changes.ts';
import { compareAndSwap } from './compare-and-swap.ts';
import { catalogOf, recordOf } from './load-channel.ts';
import type { PublishOptions } from './publish-options.ts';
import type { Removal } from './requests.ts';

export interface Removed {
  readonly channel: string;
  /** Whether this very operation removed it, rather than an earlier one. */
  readonly fresh: boolean;
}

/** Marks the record, then moves the name in the catalog. Nothing is deleted, and the channel's releases still answer. */
export async function removeChannel(
  options: PublishOptions,
  channel: string,
  request: Removal,
  by: string,
): Promise<Removed> {
  const { bucket, now, log } = options;
  const { operation, dryRun = false } = request;
  assertExistingChannel(channel);
  const { channels, removed } = catalogOf((await bucket.readText(catalogKey))?.text);
  if (!channels.includes(channel) && !removed.includes(channel))
    throw new NotFound(`There is no channel ${quoted(channel)}.`);

  const marked = await compareAndSwap<ChannelRecord | undefined, boolean>(options, {
    key: recordKey(channel),
    parse: (text) => (text === undefined ? undefined : recordOf(channel, text)),
    format: (record) => formatRecord(record as ChannelRecord),
    dryRun,
    decide: (record) => {
      if (record === undefined) return { answer: false };
      if (record.removed !== undefined) return { answer: changeOf(record, operation) !== undefined };
      return { answer: true, next: withRemoval(record, { operation, at: new Date(now()).toISOString(), by }) };
    },
  });
  const moved = await compareAndSwap<Catalog, boolean>(options, {
    key: catalogKey,
    parse: catalogOf,
    format: formatCatalog,
    dryRun,
    decide: (catalog) =>
      catalog.channels.includes(channel) ? { answer: true, next: withoutChannel(catalog, channel) } : { answer: false },
  });
  const fresh = marked || moved;
  if (!dryRun) log('info', 'removed', { channel, operation, by, fresh });
  return { channel, fresh };
}
